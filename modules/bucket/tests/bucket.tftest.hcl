mock_provider "aws" {}

variables {
  bucket = "dev-a1-us-east-1-s3-documents-123456789012"
}

run "every_bucket_is_hardened" {
  command = plan

  assert {
    condition     = aws_s3_bucket.this.force_destroy
    error_message = "The bucket cannot be destroyed while it holds objects."
  }

  assert {
    condition     = aws_s3_bucket_versioning.this.versioning_configuration[0].status == "Enabled"
    error_message = "The bucket is not versioned."
  }

  assert {
    condition = one([for r in aws_s3_bucket_server_side_encryption_configuration.this.rule :
      r.bucket_key_enabled && r.apply_server_side_encryption_by_default[0].sse_algorithm == "AES256"
    ])
    error_message = "The bucket does not use SSE-S3 with a bucket key."
  }

  assert {
    condition = alltrue([
      aws_s3_bucket_public_access_block.this.block_public_acls,
      aws_s3_bucket_public_access_block.this.block_public_policy,
      aws_s3_bucket_public_access_block.this.ignore_public_acls,
      aws_s3_bucket_public_access_block.this.restrict_public_buckets,
    ])
    error_message = "Public access is not blocked."
  }

  assert {
    condition     = aws_s3_bucket_ownership_controls.this.rule[0].object_ownership == "BucketOwnerEnforced"
    error_message = "Objects may belong to other accounts."
  }

  assert {
    condition     = length(aws_s3_bucket_lifecycle_configuration.this) == 0 && length(aws_s3_bucket_metric.this) == 0
    error_message = "Rules and metrics are there without being asked for."
  }
}

run "old_and_plain_connections_are_refused" {
  command = plan

  assert {
    condition = anytrue([for s in jsondecode(aws_s3_bucket_policy.this.policy).Statement :
      s.Effect == "Deny" && s.Principal == "*" && try(s.Condition.Bool["aws:SecureTransport"], "") == "false"
    ])
    error_message = "Plain HTTP is not refused."
  }

  assert {
    condition = anytrue([for s in jsondecode(aws_s3_bucket_policy.this.policy).Statement :
      s.Effect == "Deny" && try(s.Condition.NumericLessThan["s3:TlsVersion"], "") == "1.2"
    ])
    error_message = "TLS below 1.2 is not refused."
  }

  assert {
    condition = alltrue([for s in jsondecode(aws_s3_bucket_policy.this.policy).Statement :
      can(s.Condition) if s.Effect == "Deny"
    ])
    error_message = "A refusal without a condition would also refuse replication."
  }
}

run "statements_join_the_policy" {
  command = plan

  variables {
    policy_statements = ["{\"Sid\": \"More\", \"Effect\": \"Allow\"}"]
  }

  assert {
    condition     = contains(jsondecode(aws_s3_bucket_policy.this.policy).Statement[*].Sid, "More") && length(jsondecode(aws_s3_bucket_policy.this.policy).Statement) == 4
    error_message = "The statement is missing, or the refusals are."
  }
}

run "rules_become_a_lifecycle" {
  command = plan

  variables {
    lifecycle_rules = [
      { id = "a", abort_multipart_days = 7 },
      { id = "b", noncurrent_expiration_days = 90, remove_expired_delete_markers = true },
      { id = "c", transition = { days = 30, storage_class = "GLACIER_IR" } },
      { id = "d", expiration_days = 10 },
    ]
  }

  assert {
    condition     = aws_s3_bucket_lifecycle_configuration.this[0].rule[*].id == tolist(["a", "b", "c", "d"])
    error_message = "The rules are not those that were given, in their order."
  }

  assert {
    condition     = aws_s3_bucket_lifecycle_configuration.this[0].rule[1].noncurrent_version_expiration[0].noncurrent_days == 90 && aws_s3_bucket_lifecycle_configuration.this[0].rule[1].expiration[0].expired_object_delete_marker
    error_message = "Old versions do not expire as asked."
  }

  assert {
    condition     = one(aws_s3_bucket_lifecycle_configuration.this[0].rule[2].transition).storage_class == "GLACIER_IR"
    error_message = "The transition is missing."
  }

  assert {
    condition     = aws_s3_bucket_lifecycle_configuration.this[0].rule[3].expiration[0].days == 10
    error_message = "The expiration is missing."
  }
}

run "outputs" {
  command = plan

  variables {
    request_metrics = true
  }

  assert {
    condition     = output.bucket == var.bucket && output.arn == "arn:aws:s3:::${var.bucket}"
    error_message = "Name and ARN are not known while planning."
  }

  assert {
    condition     = output.request_metrics_filter_id == "EntireBucket"
    error_message = "The metrics have another filter id."
  }
}

run "refuses_a_long_name" {
  command = plan

  variables {
    bucket = "a234567890123456789012345678901234567890123456789012345678901234"
  }

  expect_failures = [var.bucket]
}

run "refuses_a_reserved_name" {
  command = plan

  variables {
    bucket = "dev-s3alias"
  }

  expect_failures = [var.bucket]
}

run "refuses_upper_case" {
  command = plan

  variables {
    bucket = "Documents"
  }

  expect_failures = [var.bucket]
}

run "refuses_two_expirations_in_one_rule" {
  command = plan

  variables {
    lifecycle_rules = [{ id = "a", expiration_days = 1, remove_expired_delete_markers = true }]
  }

  expect_failures = [var.lifecycle_rules]
}

run "refuses_rules_of_one_id" {
  command = plan

  variables {
    lifecycle_rules = [{ id = "a", expiration_days = 1 }, { id = "a", expiration_days = 2 }]
  }

  expect_failures = [var.lifecycle_rules]
}

run "refuses_a_statement_that_is_no_json" {
  command = plan

  variables {
    policy_statements = ["Allow"]
  }

  expect_failures = [var.policy_statements]
}

run "refuses_an_unknown_partition" {
  command = plan

  variables {
    partition = "moon"
  }

  expect_failures = [var.partition]
}
