mock_provider "aws" {}

variables {
  bucket     = "dev-a1-us-east-1-s3-tfstate-123456789012"
  lock_table = "dev-a1-us-east-1-dynamodb-tflock"
}

run "lock_table" {
  command = plan

  assert {
    condition     = aws_dynamodb_table.lock.hash_key == "LockID" && one(aws_dynamodb_table.lock.attribute) == { name = "LockID", type = "S" }
    error_message = "Terraform's lock needs the text key LockID."
  }

  assert {
    condition     = aws_dynamodb_table.lock.billing_mode == "PAY_PER_REQUEST" && aws_dynamodb_table.lock.point_in_time_recovery[0].enabled
    error_message = "The lock table is not on demand with point-in-time recovery."
  }

  assert {
    condition     = !aws_dynamodb_table.lock.deletion_protection_enabled
    error_message = "The lock table cannot be destroyed."
  }
}

run "outputs" {
  command = plan

  assert {
    condition     = output.bucket == var.bucket && output.bucket_arn == "arn:aws:s3:::${var.bucket}" && output.lock_table == var.lock_table
    error_message = "The outputs are not the names that were asked for."
  }
}

run "refuses_to_forget_states_quickly" {
  command = plan

  variables {
    noncurrent_state_days = 7
  }

  expect_failures = [var.noncurrent_state_days]
}

run "takes_a_limit" {
  command = plan

  variables {
    noncurrent_state_days = 90
  }

  assert {
    condition     = one(local.lifecycle_rules).noncurrent_expiration_days == 90
    error_message = "Overwritten states are kept for another time."
  }
}

run "takes_a_limit_for_plans" {
  command = plan

  variables {
    kept_plan_days = 14
  }

  assert {
    condition     = one(local.lifecycle_rules).prefix == "plans/" && one(local.lifecycle_rules).expiration_days == 14
    error_message = "Kept plans, and nothing but them, end after two weeks."
  }
}

run "keeps_every_state_by_default" {
  command = plan

  assert {
    condition     = length(local.lifecycle_rules) == 0
    error_message = "The bootstrap would wait for a lifecycle configuration that nobody asked for."
  }
}

run "refuses_a_long_bucket_name" {
  command = plan

  variables {
    bucket = "a234567890123456789012345678901234567890123456789012345678901234"
  }

  expect_failures = [var.bucket]
}

run "refuses_a_bad_table_name" {
  command = plan

  variables {
    lock_table = "a lock"
  }

  expect_failures = [var.lock_table]
}

run "refuses_an_unknown_partition" {
  command = plan

  variables {
    partition = "aws-mars"
  }

  expect_failures = [var.partition]
}
