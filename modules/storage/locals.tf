locals {
  documents_name = coalesce(var.documents_bucket.name, module.labels.names.aws_s3_bucket["documents"])
  ops_name       = module.labels.names.aws_s3_bucket["ops"]

  # what the outputs name: by way of the module, so that users wait for versioning
  documents_bucket = var.documents_bucket.create ? module.documents[0].bucket : local.documents_name

  inventory_prefix = "inventory"
  inventory_id     = "documents"

  expires_versions = contains(["soak", "finalize"], var.migration_phase)
  final_class      = var.migration_phase == "finalize" ? var.finalize_transition[var.region_role] : null

  # One rule or more for each step: a later phase only adds.
  documents_rules = concat(
    [{ id = "unfinished-uploads", abort_multipart_days = var.abort_multipart_days }],
    local.expires_versions ? [{
      id                            = "old-versions"
      noncurrent_expiration_days    = var.noncurrent_version_days
      remove_expired_delete_markers = true
    }] : [],
    [for class in local.final_class[*] : {
      id         = "finalize"
      transition = { days = var.finalize_transition.days, storage_class = class }
    }],
  )

  inventory_statement = {
    Sid       = "InventoryOfDocuments"
    Effect    = "Allow"
    Principal = { Service = "s3.amazonaws.com" }
    Action    = "s3:PutObject"
    Resource  = ["arn:${module.labels.partition}:s3:::${local.ops_name}/${local.inventory_prefix}/*"]
    Condition = {
      ArnLike      = { "aws:SourceArn" = "arn:${module.labels.partition}:s3:::${local.documents_name}" }
      StringEquals = { "aws:SourceAccount" = var.account_id }
    }
  }
}
