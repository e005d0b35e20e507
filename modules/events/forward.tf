resource "aws_iam_role" "forward" {
  name                 = local.role_name
  description          = "EventBridge sends events of ${var.region} to ${var.peer_region}"
  permissions_boundary = var.permissions_boundary

  assume_role_policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect    = "Allow"
      Principal = { Service = "events.amazonaws.com" }
      Action    = "sts:AssumeRole"
      Condition = merge(local.in_account, { ArnEquals = { "aws:SourceArn" = local.rule_arns.forward } })
    }]
  })
}

resource "aws_iam_role_policy" "forward" {
  name = "forward"
  role = aws_iam_role.forward.name

  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Sid      = "SendToThePeer"
      Effect   = "Allow"
      Action   = ["events:PutEvents"]
      Resource = [local.peer_bus_arn]
    }]
  })
}
