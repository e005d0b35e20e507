# Every event of both regions, searchable: what was synchronised, what failed, what was completed.
resource "aws_cloudwatch_log_group" "record" {
  # checkov:skip=CKV_AWS_158: encrypted by AWS; a customer key outlives a destroy by seven days, and nothing may be left
  # checkov:skip=CKV_AWS_338: `log_retention_days` says how long; evidence that must last lies in the ops bucket
  name              = local.log_group_name
  retention_in_days = var.log_retention_days
}

resource "aws_cloudwatch_log_resource_policy" "record" {
  policy_name = module.labels.names.aws_cloudwatch_log_resource_policy["events"]

  policy_document = jsonencode({
    Version = "2012-10-17"
    Statement = [
      {
        Sid       = "OpenStreams"
        Effect    = "Allow"
        Principal = { Service = ["delivery.logs.amazonaws.com", "events.amazonaws.com"] }
        Action    = ["logs:CreateLogStream"]
        Resource  = "${local.log_group_arn}:*"
      },
      {
        Sid       = "WriteEvents"
        Effect    = "Allow"
        Principal = { Service = ["delivery.logs.amazonaws.com", "events.amazonaws.com"] }
        Action    = ["logs:PutLogEvents"]
        Resource  = "${local.log_group_arn}:*:*"
        Condition = { ArnEquals = { "aws:SourceArn" = local.rule_arns.record } }
      },
    ]
  })
}
