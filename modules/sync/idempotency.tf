# Regional on purpose: a lock that the other region sees a second later is no lock.
resource "aws_dynamodb_table" "idempotency" {
  # checkov:skip=CKV_AWS_119: encrypted by AWS; a customer key outlives a destroy by seven days, and nothing may be left
  name                        = local.idempotency_table
  billing_mode                = "PAY_PER_REQUEST"
  hash_key                    = "id"
  deletion_protection_enabled = false

  attribute {
    name = "id"
    type = "S"
  }

  ttl {
    attribute_name = "expiration"
    enabled        = true
  }

  point_in_time_recovery {
    enabled                 = true
    recovery_period_in_days = 1
  }
}
