locals {
  # Both are in AWS's own example for DataSync.
  on_our_behalf = {
    ArnLike      = { "aws:SourceArn" = "arn:${module.labels.partition}:datasync:${var.region}:${var.account_id}:*" }
    StringEquals = { "aws:SourceAccount" = var.account_id }
  }
}

resource "aws_iam_role" "this" {
  count = local.wanted ? 1 : 0

  name                 = local.role_name
  description          = "DataSync writes documents of ${var.environment} into ${var.region}"
  permissions_boundary = var.permissions_boundary

  assume_role_policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect    = "Allow"
      Principal = { Service = "datasync.amazonaws.com" }
      Action    = "sts:AssumeRole"
      Condition = local.on_our_behalf
    }]
  })
}

resource "aws_iam_role_policy" "this" {
  count = local.wanted ? 1 : 0

  name = "write-documents"
  role = aws_iam_role.this[0].name

  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      {
        Sid      = "LookAtBucket"
        Effect   = "Allow"
        Action   = ["s3:GetBucketLocation", "s3:ListBucket", "s3:ListBucketMultipartUploads"]
        Resource = [local.bucket_arn]
      },
      {
        Sid    = "WriteDocuments"
        Effect = "Allow"
        Action = [
          "s3:AbortMultipartUpload", "s3:GetObject", "s3:GetObjectTagging", "s3:GetObjectVersion", "s3:ListMultipartUploadParts",
          "s3:PutObject", "s3:PutObjectTagging",
        ]
        Resource = [for prefix in sort(distinct([for s in var.sources : s.prefix])) : "${local.bucket_arn}/${prefix}*"]
      },
    ]
  })
}
