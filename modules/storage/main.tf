module "documents" {
  source = "../bucket"
  count  = var.documents_bucket.create ? 1 : 0

  bucket          = local.documents_name
  partition       = module.labels.partition
  request_metrics = var.request_metrics
  lifecycle_rules = local.documents_rules
}

# Manifests, reports of batch jobs and inventories. S3 wants them in the region of the documents.
module "ops" {
  source = "../bucket"

  bucket            = local.ops_name
  partition         = module.labels.partition
  policy_statements = [jsonencode(local.inventory_statement)]

  lifecycle_rules = [{
    id                         = "retention"
    abort_multipart_days       = var.abort_multipart_days
    expiration_days            = var.ops_retention_days
    noncurrent_expiration_days = var.abort_multipart_days
  }]
}

resource "aws_s3_bucket_inventory" "documents" {
  count = var.documents_bucket.create && var.inventory.enabled ? 1 : 0

  bucket                   = module.documents[0].bucket
  name                     = local.inventory_id
  included_object_versions = "All"

  optional_fields = [
    "BucketKeyStatus", "ChecksumAlgorithm", "ETag", "EncryptionStatus", "IsMultipartUploaded",
    "LastModifiedDate", "ReplicationStatus", "Size", "StorageClass",
  ]

  schedule {
    frequency = var.inventory.frequency
  }

  destination {
    bucket {
      account_id = var.account_id
      bucket_arn = module.ops.arn
      format     = "CSV"
      prefix     = local.inventory_prefix
    }
  }
}
