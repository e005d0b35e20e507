# Every ARN is built from names, so that all policies are known while planning the very first apply.
locals {
  regions = concat([var.source_region], var.target_region[*])
  peers   = var.target_region == null ? {} : { (var.source_region) = var.target_region, (var.target_region) = var.source_region }

  documents_arns = { for region in local.regions : region =>
    "arn:${var.partition}:s3:::${lookup(var.documents_bucket_names, region, "${var.environment}-${region}-s3-documents-${var.account_id}")}"
  }
  ops_arns = { for region in local.regions : region =>
    "arn:${var.partition}:s3:::${var.environment}-${region}-s3-ops-${var.account_id}"
  }

  table_arns = { for purpose in ["metadata", "control", "checkpoints"] : purpose => [
    for region in local.regions :
    "arn:${var.partition}:dynamodb:${region}:${var.account_id}:table/${var.environment}-global-dynamodb-${purpose}"
  ] }

  in_account = { StringEquals = { "aws:ResourceAccount" = var.account_id } }
  in_regions = { StringEquals = { "aws:RequestedRegion" = local.regions } }
}
