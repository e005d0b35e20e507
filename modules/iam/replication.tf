# One role a direction, one batch role a region: each names its own two buckets and nothing else.
locals {
  replication_names = { for region, _ in local.peers : region => module.labels.names.aws_iam_role["s3-replication-${region}"] }
  batch_names       = { for region, _ in local.peers : region => module.labels.names.aws_iam_role["s3-batch-${region}"] }

  service_condition = var.service_trust_source_account ? {
    Condition = { StringEquals = { "aws:SourceAccount" = var.account_id } }
  } : {}
}

resource "aws_iam_role" "replication" {
  for_each = local.peers

  name                 = local.replication_names[each.key]
  description          = "S3 copies documents from ${each.key} to ${each.value}"
  permissions_boundary = var.permissions_boundary

  assume_role_policy = jsonencode({
    Version = "2012-10-17"
    Statement = [merge({
      Effect    = "Allow"
      Principal = { Service = "s3.amazonaws.com" }
      Action    = "sts:AssumeRole"
    }, local.service_condition)]
  })
}

resource "aws_iam_role_policy" "replication" {
  for_each = local.peers

  name = "replicate"
  role = aws_iam_role.replication[each.key].name

  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      {
        Sid       = "ReadRules"
        Effect    = "Allow"
        Action    = ["s3:GetReplicationConfiguration", "s3:ListBucket"]
        Resource  = [local.documents_arns[each.key]]
        Condition = local.in_account
      },
      {
        Sid    = "ReadVersions"
        Effect = "Allow"
        Action = [
          "s3:GetObjectVersionAcl",
          "s3:GetObjectVersionForReplication",
          "s3:GetObjectVersionTagging",
        ]
        Resource  = ["${local.documents_arns[each.key]}/*"]
        Condition = local.in_account
      },
      {
        Sid       = "WriteCopies"
        Effect    = "Allow"
        Action    = ["s3:ReplicateDelete", "s3:ReplicateObject", "s3:ReplicateTags"]
        Resource  = ["${local.documents_arns[each.value]}/*"]
        Condition = local.in_account
      },
    ]
  })
}

resource "aws_iam_role" "batch" {
  for_each = local.peers

  name                 = local.batch_names[each.key]
  description          = "S3 Batch Replication of existing documents in ${each.key}"
  permissions_boundary = var.permissions_boundary

  assume_role_policy = jsonencode({
    Version = "2012-10-17"
    Statement = [merge({
      Effect    = "Allow"
      Principal = { Service = "batchoperations.s3.amazonaws.com" }
      Action    = "sts:AssumeRole"
    }, local.service_condition)]
  })
}

resource "aws_iam_role_policy" "batch" {
  for_each = local.peers

  name = "replicate-existing"
  role = aws_iam_role.batch[each.key].name

  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      {
        Sid       = "StartReplication"
        Effect    = "Allow"
        Action    = ["s3:InitiateReplication"]
        Resource  = ["${local.documents_arns[each.key]}/*"]
        Condition = local.in_account
      },
      {
        # S3 lists the objects of a generated manifest through an inventory.
        Sid       = "GenerateManifest"
        Effect    = "Allow"
        Action    = ["s3:GetReplicationConfiguration", "s3:PutInventoryConfiguration"]
        Resource  = [local.documents_arns[each.key]]
        Condition = local.in_account
      },
      {
        Sid       = "ManifestAndReport"
        Effect    = "Allow"
        Action    = ["s3:GetObject", "s3:GetObjectVersion", "s3:PutObject"]
        Resource  = ["${local.ops_arns[each.key]}/*"]
        Condition = local.in_account
      },
    ]
  })
}
