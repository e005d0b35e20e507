locals {
  role_names = { for purpose, _ in local.settings : purpose => module.labels.names.aws_iam_role["sfn-${purpose}-${var.region}"] }

  execution_prefix = "arn:${module.labels.partition}:states:${var.region}:${var.account_id}:execution:${local.names.migration}"

  invoke = { for purpose, keys in {
    migration = ["batch_starter", "gate_check", "ingest", "traffic_switch", "verifier"]
    cutover   = ["gate_check", "traffic_switch", "verifier"]
    rollback  = ["gate_check", "traffic_switch", "verifier"]
  } : purpose => [for key in keys : local.function_arns[key]] }

  common_statements = [
    {
      Sid      = "SendEvents"
      Effect   = "Allow"
      Action   = ["events:PutEvents"]
      Resource = [local.event_bus_arn]
    },
    {
      # Log deliveries and traces know no resource.
      Sid    = "Observe"
      Effect = "Allow"
      Action = [
        "logs:CreateLogDelivery", "logs:DeleteLogDelivery", "logs:DescribeLogGroups", "logs:DescribeResourcePolicies",
        "logs:GetLogDelivery", "logs:ListLogDeliveries", "logs:PutResourcePolicy", "logs:UpdateLogDelivery",
        "xray:GetSamplingRules", "xray:GetSamplingTargets", "xray:PutTelemetryRecords", "xray:PutTraceSegments",
      ]
      Resource = ["*"]
    },
  ]

  migration_statements = [
    {
      Sid      = "KeepCheckpoints"
      Effect   = "Allow"
      Action   = ["dynamodb:ConditionCheckItem", "dynamodb:GetItem", "dynamodb:UpdateItem"]
      Resource = [local.table_arn]
    },
    {
      Sid      = "StartChildren"
      Effect   = "Allow"
      Action   = ["states:StartExecution"]
      Resource = [local.arns.migration]
    },
    {
      Sid      = "WatchExecutions"
      Effect   = "Allow"
      Action   = ["states:DescribeExecution", "states:RedriveExecution", "states:StopExecution"]
      Resource = ["${local.execution_prefix}:*", "${local.execution_prefix}/*"]
    },
    {
      Sid      = "ListDocuments"
      Effect   = "Allow"
      Action   = ["s3:ListBucket"]
      Resource = ["arn:${module.labels.partition}:s3:::${var.documents_bucket}"]
    },
    {
      Sid      = "ReadInventory"
      Effect   = "Allow"
      Action   = ["s3:GetObject"]
      Resource = ["arn:${module.labels.partition}:s3:::${var.ops_bucket}/inventory/*"]
    },
    {
      Sid      = "WriteEvidence"
      Effect   = "Allow"
      Action   = ["s3:AbortMultipartUpload", "s3:GetObject", "s3:ListMultipartUploadParts", "s3:PutObject"]
      Resource = [for part in ["import", "verification"] : "arn:${module.labels.partition}:s3:::${var.ops_bucket}/${part}/*"]
    },
  ]
}

resource "aws_iam_role" "this" {
  for_each = local.machines

  name                 = local.role_names[each.key]
  description          = "Step Functions runs the ${each.key} of ${var.environment} in ${var.region}"
  permissions_boundary = var.permissions_boundary

  assume_role_policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect    = "Allow"
      Principal = { Service = "states.amazonaws.com" }
      Action    = "sts:AssumeRole"
      Condition = {
        ArnLike      = { "aws:SourceArn" = "arn:${module.labels.partition}:states:${var.region}:${var.account_id}:stateMachine:*" }
        StringEquals = { "aws:SourceAccount" = var.account_id }
      }
    }]
  })
}

resource "aws_iam_role_policy" "this" {
  for_each = local.machines

  name = "run"
  role = aws_iam_role.this[each.key].name

  policy = jsonencode({
    Version = "2012-10-17"
    Statement = concat(
      [{
        Sid      = "InvokeFunctions"
        Effect   = "Allow"
        Action   = ["lambda:InvokeFunction"]
        Resource = local.invoke[each.key]
      }],
      local.common_statements,
      [for s in local.migration_statements : s if each.key == "migration"],
    )
  })
}
