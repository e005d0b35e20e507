locals {
  overwritten_states = [for days in var.noncurrent_state_days[*] : {
    id                         = "overwritten-states"
    prefix                     = null
    abort_multipart_days       = 7
    expiration_days            = null
    noncurrent_expiration_days = days
  }]
  kept_plans = [for days in var.kept_plan_days[*] : {
    id                         = "kept-plans"
    prefix                     = "plans/"
    abort_multipart_days       = 7
    expiration_days            = days
    noncurrent_expiration_days = 1
  }]
  lifecycle_rules = concat(local.overwritten_states, local.kept_plans)
}

module "bucket" {
  source = "../bucket"

  bucket          = var.bucket
  partition       = var.partition
  lifecycle_rules = local.lifecycle_rules
}

resource "aws_dynamodb_table" "lock" {
  # checkov:skip=CKV_AWS_119: encrypted by AWS; a customer key outlives a destroy by seven days, and nothing may be left
  name                        = var.lock_table
  billing_mode                = "PAY_PER_REQUEST"
  hash_key                    = "LockID"
  deletion_protection_enabled = false

  attribute {
    name = "LockID"
    type = "S"
  }

  point_in_time_recovery {
    enabled = true
  }
}
