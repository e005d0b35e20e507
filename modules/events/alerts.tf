# For people. Not encrypted with the key alias/aws/sns: CloudWatch alarms cannot send to such a topic, and an
# alert holds names and numbers, no document.
resource "aws_sns_topic" "alerts" {
  # checkov:skip=CKV_AWS_26: alarms cannot send to a topic under alias/aws/sns; an alert holds names and numbers
  name         = local.topic_name
  display_name = "Document migration, ${var.environment}, ${var.region}"

  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      {
        Sid       = "AlarmsOfThisEnvironment"
        Effect    = "Allow"
        Principal = { Service = "cloudwatch.amazonaws.com" }
        Action    = "sns:Publish"
        Resource  = local.topic_arn
        Condition = merge(local.in_account, { ArnLike = {
          "aws:SourceArn" = "arn:${module.labels.partition}:cloudwatch:${var.region}:${var.account_id}:alarm:${module.labels.any_name}"
        } })
      },
      {
        # No condition: EventBridge sends none of the keys that it could ask for to SNS, and would never be let in. AWS:
        # "You can't use Condition blocks in Amazon SNS topic policies for EventBridge."
        Sid       = "AlertsOfRules"
        Effect    = "Allow"
        Principal = { Service = "events.amazonaws.com" }
        Action    = "sns:Publish"
        Resource  = local.topic_arn
      },
      {
        Sid       = "RefusePlainHttp"
        Effect    = "Deny"
        Principal = "*"
        Action    = "sns:Publish"
        Resource  = local.topic_arn
        Condition = { Bool = { "aws:SecureTransport" = "false" } }
      },
    ]
  })
}

# Each address gets a mail and has to confirm it.
resource "aws_sns_topic_subscription" "email" {
  for_each = var.alert_emails

  topic_arn = aws_sns_topic.alerts.arn
  protocol  = "email"
  endpoint  = each.value
}
