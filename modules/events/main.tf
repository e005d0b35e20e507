resource "aws_cloudwatch_event_bus" "migration" {
  name        = local.bus_name
  description = "Events of the document migration"
}

resource "aws_cloudwatch_event_archive" "migration" {
  name             = local.archive_name
  description      = "Every event of the migration, for replay"
  event_source_arn = aws_cloudwatch_event_bus.migration.arn
  retention_days   = var.archive_days

  # A forwarded event lies in the archive of its own region.
  event_pattern = jsonencode({ source = local.sources, detail = local.happened_here })
}

# What no target took, with the reason in its message attributes. Policy inline: apart, the provider waits 25 s more.
resource "aws_sqs_queue" "dead" {
  name                      = local.queue_name
  message_retention_seconds = 1209600
  sqs_managed_sse_enabled   = true

  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      {
        Sid       = "RulesOfThisEnvironment"
        Effect    = "Allow"
        Principal = { Service = "events.amazonaws.com" }
        Action    = "sqs:SendMessage"
        Resource  = local.queue_arn
        Condition = merge(local.in_account, { ArnLike = { "aws:SourceArn" = [local.bus_rules_arn, local.own_rules_arn] } })
      },
      {
        Sid       = "RefusePlainHttp"
        Effect    = "Deny"
        Principal = "*"
        Action    = ["sqs:DeleteMessage", "sqs:ReceiveMessage", "sqs:SendMessage"]
        Resource  = local.queue_arn
        Condition = { Bool = { "aws:SecureTransport" = "false" } }
      },
    ]
  })
}

resource "aws_cloudwatch_event_rule" "this" {
  for_each = local.patterns

  name           = local.rule_names[each.key]
  description    = "Events of the migration: ${each.key}"
  event_bus_name = aws_cloudwatch_event_bus.migration.name
  event_pattern  = jsonencode(each.value)
  state          = each.key == "forward" && !var.forward_enabled ? "DISABLED" : "ENABLED"
}

resource "aws_cloudwatch_event_target" "this" {
  for_each = {
    record  = { arn = local.log_group_arn, role_arn = null }
    forward = { arn = local.peer_bus_arn, role_arn = aws_iam_role.forward.arn }
    alert   = { arn = aws_sns_topic.alerts.arn, role_arn = null }
  }

  event_bus_name = aws_cloudwatch_event_bus.migration.name
  rule           = aws_cloudwatch_event_rule.this[each.key].name
  target_id      = each.key
  arn            = each.value.arn
  role_arn       = each.value.role_arn

  dead_letter_config {
    arn = aws_sqs_queue.dead.arn
  }

  retry_policy {
    maximum_event_age_in_seconds = var.delivery.maximum_age_seconds
    maximum_retry_attempts       = var.delivery.maximum_attempts
  }

  depends_on = [aws_cloudwatch_log_group.record, aws_cloudwatch_log_resource_policy.record, aws_iam_role_policy.forward]
}
