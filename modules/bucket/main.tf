locals {
  arn = "arn:${var.partition}:s3:::${aws_s3_bucket.this.bucket}"

  refusals = [
    {
      Sid       = "RefusePlainHttp"
      Effect    = "Deny"
      Principal = "*"
      Action    = "s3:*"
      Resource  = [local.arn, "${local.arn}/*"]
      Condition = { Bool = { "aws:SecureTransport" = "false" } }
    },
    {
      Sid       = "RefuseOldTls"
      Effect    = "Deny"
      Principal = "*"
      Action    = "s3:*"
      Resource  = [local.arn, "${local.arn}/*"]
      Condition = { NumericLessThan = { "s3:TlsVersion" = "1.2" } }
    },
    {
      Sid       = "RefuseCustomerKeys"
      Effect    = "Deny"
      Principal = "*"
      Action    = "s3:PutObject"
      Resource  = ["${local.arn}/*"]
      Condition = { Null = { "s3:x-amz-server-side-encryption-customer-algorithm" = "false" } }
    },
  ]
}

resource "aws_s3_bucket" "this" {
  # checkov:skip=CKV_AWS_18: who reads documents is in the account's CloudTrail; a bucket of access logs would need one of its own
  # checkov:skip=CKV_AWS_144: documents are replicated by module replication; states, reports and packages belong to their region
  # checkov:skip=CKV_AWS_145: SSE-S3 with a bucket key is asked for; a customer key outlives a destroy by seven days
  # checkov:skip=CKV2_AWS_62: module sync owns the documents' notification; nobody waits for the other buckets' events
  bucket        = var.bucket
  force_destroy = true

  # Emptying a versioned bucket takes one call for a thousand versions.
  timeouts {
    delete = "24h"
  }
}

resource "aws_s3_bucket_versioning" "this" {
  bucket = aws_s3_bucket.this.bucket

  versioning_configuration {
    status = "Enabled"
  }
}

resource "aws_s3_bucket_server_side_encryption_configuration" "this" {
  bucket = aws_s3_bucket.this.bucket

  rule {
    bucket_key_enabled = true

    apply_server_side_encryption_by_default {
      sse_algorithm = "AES256"
    }
  }
}

resource "aws_s3_bucket_public_access_block" "this" {
  bucket                  = aws_s3_bucket.this.bucket
  block_public_acls       = true
  block_public_policy     = true
  ignore_public_acls      = true
  restrict_public_buckets = true
}

# S3 answers 409 to changes of public access, policy and ownership at the same moment: one after the other.
resource "aws_s3_bucket_policy" "this" {
  bucket = aws_s3_bucket.this.bucket

  policy = jsonencode({
    Version   = "2012-10-17"
    Statement = concat(local.refusals, [for s in var.policy_statements : jsondecode(s)])
  })

  depends_on = [aws_s3_bucket_public_access_block.this]
}

resource "aws_s3_bucket_ownership_controls" "this" {
  bucket = aws_s3_bucket.this.bucket

  rule {
    object_ownership = "BucketOwnerEnforced"
  }

  depends_on = [aws_s3_bucket_policy.this]
}

resource "aws_s3_bucket_metric" "this" {
  count = var.request_metrics ? 1 : 0

  bucket = aws_s3_bucket.this.bucket
  name   = "EntireBucket"
}

# The provider waits about 55 s for this one: nothing may depend on it.
resource "aws_s3_bucket_lifecycle_configuration" "this" {
  # checkov:skip=CKV_AWS_300: the callers' rules end failed uploads in the whole bucket; checkov takes a prefix that is null for one that is set
  count = length(var.lifecycle_rules) > 0 ? 1 : 0

  bucket = aws_s3_bucket.this.bucket

  dynamic "rule" {
    for_each = var.lifecycle_rules

    content {
      id     = rule.value.id
      status = "Enabled"

      filter {
        prefix = rule.value.prefix
      }

      dynamic "abort_incomplete_multipart_upload" {
        for_each = rule.value.abort_multipart_days[*]

        content {
          days_after_initiation = abort_incomplete_multipart_upload.value
        }
      }

      dynamic "expiration" {
        for_each = rule.value.expiration_days != null || rule.value.remove_expired_delete_markers ? [rule.value] : []

        content {
          days                         = expiration.value.expiration_days
          expired_object_delete_marker = expiration.value.remove_expired_delete_markers ? true : null
        }
      }

      dynamic "noncurrent_version_expiration" {
        for_each = rule.value.noncurrent_expiration_days[*]

        content {
          noncurrent_days = noncurrent_version_expiration.value
        }
      }

      dynamic "transition" {
        for_each = rule.value.transition[*]

        content {
          days          = transition.value.days
          storage_class = transition.value.storage_class
        }
      }
    }
  }

  depends_on = [aws_s3_bucket_versioning.this]
}
