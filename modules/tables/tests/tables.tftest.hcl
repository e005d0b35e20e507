mock_provider "aws" {}

variables {
  environment   = "dev-a1"
  account_id    = "123456789012"
  source_region = "us-east-1"
  target_region = "eu-west-1"
}

run "names" {
  command = plan

  assert {
    condition = output.names == {
      checkpoints = "dev-a1-global-dynamodb-checkpoints"
      control     = "dev-a1-global-dynamodb-control"
      metadata    = "dev-a1-global-dynamodb-metadata"
    }
    error_message = "A global table has one name in all regions: environment, global, dynamodb, purpose."
  }

  assert {
    condition     = output.arns.metadata["eu-west-1"] == "arn:aws:dynamodb:eu-west-1:123456789012:table/dev-a1-global-dynamodb-metadata"
    error_message = "The ARN in the target region is not known while planning."
  }

  assert {
    condition     = output.regions == ["us-east-1", "eu-west-1"]
    error_message = "The source region comes first."
  }
}

run "every_table" {
  command = plan

  assert {
    condition     = alltrue([for t in aws_dynamodb_table.this : t.billing_mode == "PAY_PER_REQUEST"])
    error_message = "A table has provisioned capacity."
  }

  assert {
    condition     = alltrue([for t in aws_dynamodb_table.this : t.point_in_time_recovery[0].enabled && alltrue([for r in t.replica : r.point_in_time_recovery])])
    error_message = "Point-in-time recovery is missing in a region."
  }

  assert {
    condition     = alltrue([for t in aws_dynamodb_table.this : one(t.replica).region_name == "eu-west-1" && one(t.replica).propagate_tags])
    error_message = "A replica is missing, or has no tags."
  }

  assert {
    condition     = alltrue([for t in aws_dynamodb_table.this : t.stream_enabled && t.stream_view_type == "NEW_AND_OLD_IMAGES"])
    error_message = "A table has no stream with both images."
  }

  assert {
    condition     = alltrue([for t in aws_dynamodb_table.this : t.deletion_protection_enabled == false])
    error_message = "A table cannot be destroyed."
  }

  assert {
    condition     = alltrue([for t in aws_dynamodb_table.this : t.ttl[0].enabled && t.ttl[0].attribute_name == "expires_at"])
    error_message = "A table does not expire items."
  }
}

run "without_replicas" {
  command = plan

  variables {
    replicas_enabled = false
  }

  assert {
    condition     = alltrue([for t in aws_dynamodb_table.this : length(t.replica) == 0]) && output.regions == ["us-east-1"]
    error_message = "There are replicas although they are off."
  }
}

run "single_region" {
  command = plan

  variables {
    target_region = null
  }

  assert {
    condition     = alltrue([for t in aws_dynamodb_table.this : length(t.replica) == 0])
    error_message = "There is a replica without a target region."
  }
}

run "adopted_name" {
  command = plan

  variables {
    tables = { metadata = { name = "legacy-documents", sort_key = "version" } }
  }

  assert {
    condition     = aws_dynamodb_table.this["metadata"].name == "legacy-documents" && aws_dynamodb_table.this["metadata"].range_key == "version"
    error_message = "The name or key of an adopted table is not taken."
  }
}

run "refuses_a_replica_at_home" {
  command = plan

  variables {
    target_region = "us-east-1"
  }

  expect_failures = [var.target_region]
}

run "refuses_a_replica_without_stream" {
  command = plan

  variables {
    tables = { metadata = { stream_enabled = false } }
  }

  expect_failures = [var.tables]
}

run "refuses_a_bad_adopted_name" {
  command = plan

  variables {
    tables = { metadata = { name = "no good" } }
  }

  expect_failures = [var.tables]
}

run "refuses_a_long_recovery_period" {
  command = plan

  variables {
    recovery_period_days = 36
  }

  expect_failures = [var.recovery_period_days]
}
