# One role a function: it may what its own grants say, read its own queue, and write its own log.
resource "aws_iam_role" "function" {
  for_each = local.functions

  name                 = local.role_names[each.key]
  description          = "Lambda in ${var.region}: ${each.key}"
  permissions_boundary = var.permissions_boundary

  assume_role_policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect    = "Allow"
      Principal = { Service = "lambda.amazonaws.com" }
      Action    = "sts:AssumeRole"
    }]
  })
}

resource "aws_iam_role_policy" "function" {
  for_each = local.functions

  name = each.key
  role = aws_iam_role.function[each.key].name

  policy = jsonencode({
    Version = "2012-10-17"
    Statement = concat(
      [{
        Sid      = "WriteLog"
        Effect   = "Allow"
        Action   = ["logs:CreateLogStream", "logs:PutLogEvents"]
        Resource = ["arn:${module.labels.partition}:logs:${var.region}:${var.account_id}:log-group:${local.log_groups[each.key]}:*"]
      }],
      [for purpose, arn in local.queue_arns : {
        Sid      = "ReadQueue"
        Effect   = "Allow"
        Action   = ["sqs:ChangeMessageVisibility", "sqs:DeleteMessage", "sqs:GetQueueAttributes", "sqs:ReceiveMessage"]
        Resource = [arn]
      } if purpose == each.key],
      [for grant in each.value.grants : merge({ Sid = grant, Effect = "Allow" }, local.grants[grant])],
      each.key == "traffic-switch" ? [for arn in var.access_point_arn[*] : {
        Sid      = "MoveRoutes"
        Effect   = "Allow"
        Action   = ["s3:GetMultiRegionAccessPointRoutes", "s3:SubmitMultiRegionAccessPointRoutes"]
        Resource = [arn]
      }] : [],
    )
  })
}
