# Every ARN is built from names, so that all policies are known while planning the very first apply.
locals {
  regions = concat([var.source_region], var.target_region[*])
  peers   = var.target_region == null ? {} : { (var.source_region) = var.target_region, (var.target_region) = var.source_region }

  documents_arns = { for region in local.regions : region =>
    "arn:${module.labels.partition}:s3:::${lookup(var.documents_bucket_names, region, module.labels.names_in[region].aws_s3_bucket["documents"])}"
  }
  ops_arns = { for region in local.regions : region =>
    "arn:${module.labels.partition}:s3:::${module.labels.names_in[region].aws_s3_bucket["ops"]}"
  }

  table_arns = { for purpose, name in module.labels.names.aws_dynamodb_global_table : purpose => [
    for region in local.regions :
    "arn:${module.labels.partition}:dynamodb:${region}:${var.account_id}:table/${name}"
  ] }

  in_account = { StringEquals = { "aws:ResourceAccount" = var.account_id } }
  in_regions = { StringEquals = { "aws:RequestedRegion" = local.regions } }
}
