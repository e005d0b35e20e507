# After AWSBackupServiceRolePolicyForBackup, ...ForS3Backup and their counterparts for restores, cut down to what is named here.
locals {
  role_names = local.backs_up ? {
    backup  = module.labels.names.aws_iam_role["backup-${var.region}"]
    restore = module.labels.names.aws_iam_role["restore-${var.region}"]
  } : {}

  vault_arn       = "arn:${module.labels.partition}:backup:${var.region}:${var.account_id}:backup-vault:${local.vault_name}"
  recovery_points = "arn:${module.labels.partition}:backup:${var.region}:${var.account_id}:recovery-point:*"
  table_backups   = [for arn in local.table_arns : "${arn}/backup/*"]
  # A restore never overwrites: it makes tables of this environment with other names.
  restored_tables = "arn:${module.labels.partition}:dynamodb:${var.region}:${var.account_id}:table/${module.labels.any_name_of.aws_dynamodb_global_table}"

  vault_statement = {
    Sid      = "Vaults"
    Effect   = "Allow"
    Action   = ["backup:CopyFromBackupVault", "backup:CopyIntoBackupVault", "backup:DescribeBackupVault"]
    Resource = [local.vault_arn, local.peer_vault_arn]
  }
  # A copy is checked against the recovery point that it is made of, too.
  copy_statement = {
    Sid      = "CopyRecoveryPoints"
    Effect   = "Allow"
    Action   = ["backup:CopyFromBackupVault"]
    Resource = [local.recovery_points]
  }
  tag_statement = {
    Sid      = "TagRecoveryPoints"
    Effect   = "Allow"
    Action   = ["backup:TagResource"]
    Resource = [local.recovery_points, replace(local.recovery_points, ":${var.region}:", ":${var.peer_region}:")]
  }

  table_statements = [
    {
      Sid    = "BackUpTables"
      Effect = "Allow"
      Action = [
        "dynamodb:CreateBackup", "dynamodb:DescribeContinuousBackups", "dynamodb:DescribeTable",
        "dynamodb:ListTagsOfResource", "dynamodb:StartAwsBackupJob",
      ]
      Resource = local.table_arns
    },
    {
      Sid      = "KeepTableBackups"
      Effect   = "Allow"
      Action   = ["dynamodb:DeleteBackup", "dynamodb:DescribeBackup"]
      Resource = local.table_backups
    },
  ]

  document_statements = [
    {
      Sid    = "ReadBucket"
      Effect = "Allow"
      Action = [
        "s3:GetBucketAcl", "s3:GetBucketLocation", "s3:GetBucketNotification", "s3:GetBucketTagging", "s3:GetBucketVersioning",
        "s3:GetInventoryConfiguration", "s3:ListBucket", "s3:ListBucketVersions", "s3:PutBucketNotification", "s3:PutInventoryConfiguration",
      ]
      Resource = [local.documents_arn]
    },
    {
      Sid    = "ReadDocuments"
      Effect = "Allow"
      Action = [
        "s3:GetObject", "s3:GetObjectAcl", "s3:GetObjectTagging",
        "s3:GetObjectVersion", "s3:GetObjectVersionAcl", "s3:GetObjectVersionTagging",
      ]
      Resource = ["${local.documents_arn}/*"]
    },
    {
      Sid    = "FollowChanges"
      Effect = "Allow"
      Action = [
        "events:DeleteRule", "events:DescribeRule", "events:DisableRule", "events:EnableRule",
        "events:ListTargetsByRule", "events:PutRule", "events:PutTargets", "events:RemoveTargets",
      ]
      Resource = ["arn:${module.labels.partition}:events:${var.region}:${var.account_id}:rule/AwsBackupManagedRule*"]
    },
    {
      # Actions that know no resource.
      Sid      = "Look"
      Effect   = "Allow"
      Action   = ["cloudwatch:GetMetricData", "events:ListRules"]
      Resource = ["*"]
    },
  ]

  restore_statements = concat(
    [{
      Sid    = "RestoreTables"
      Effect = "Allow"
      Action = [
        "dynamodb:BatchWriteItem", "dynamodb:DeleteItem", "dynamodb:DescribeTable", "dynamodb:GetItem", "dynamodb:PutItem",
        "dynamodb:Query", "dynamodb:RestoreTableFromAwsBackup", "dynamodb:RestoreTableFromBackup", "dynamodb:Scan", "dynamodb:UpdateItem",
      ]
      Resource = [local.restored_tables]
    }],
    var.documents.enabled ? [
      {
        Sid      = "RestoreBucket"
        Effect   = "Allow"
        Action   = ["s3:GetBucketLocation", "s3:GetBucketOwnershipControls", "s3:GetBucketVersioning", "s3:ListBucket", "s3:ListBucketVersions"]
        Resource = [local.documents_arn]
      },
      {
        Sid    = "RestoreDocuments"
        Effect = "Allow"
        Action = [
          "s3:AbortMultipartUpload", "s3:GetObject", "s3:GetObjectVersion", "s3:ListMultipartUploadParts",
          "s3:PutObject", "s3:PutObjectAcl", "s3:PutObjectTagging",
        ]
        Resource = ["${local.documents_arn}/*"]
      },
    ] : [],
  )

  policies = {
    backup = jsonencode(concat(
      [local.vault_statement, local.copy_statement, local.tag_statement],
      var.dynamodb.enabled ? local.table_statements : [],
      var.documents.enabled ? local.document_statements : [],
    ))
    restore = jsonencode(concat([local.vault_statement], local.restore_statements))
  }
}

resource "aws_iam_role" "backup" {
  count = local.backs_up ? 1 : 0

  name                 = local.role_names.backup
  description          = "AWS Backup backs up ${var.environment} in ${var.region}"
  permissions_boundary = var.permissions_boundary
  assume_role_policy   = local.trust
}

resource "aws_iam_role_policy" "backup" {
  count = local.backs_up ? 1 : 0

  name = "back-up"
  role = aws_iam_role.backup[0].name

  policy = jsonencode({ Version = "2012-10-17", Statement = jsondecode(local.policies.backup) })
}

resource "aws_iam_role" "restore" {
  count = local.backs_up ? 1 : 0

  name                 = local.role_names.restore
  description          = "AWS Backup restores ${var.environment} in ${var.region}"
  permissions_boundary = var.permissions_boundary
  assume_role_policy   = local.trust
}

resource "aws_iam_role_policy" "restore" {
  count = local.backs_up ? 1 : 0

  name = "restore"
  role = aws_iam_role.restore[0].name

  policy = jsonencode({ Version = "2012-10-17", Statement = jsondecode(local.policies.restore) })
}

locals {
  # No condition, as in AWS's own default role: no document shows that AWS Backup sends aws:SourceAccount.
  trust = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect    = "Allow"
      Principal = { Service = "backup.amazonaws.com" }
      Action    = "sts:AssumeRole"
    }]
  })
}
