# Every ARN is built from names, so that the whole environment plans before anything exists.
locals {
  bus_name       = "${var.environment}-${var.region}-events-migration"
  peer_bus_name  = "${var.environment}-${var.peer_region}-events-migration"
  archive_name   = "${var.environment}-${var.region}-events-archive"
  queue_name     = "${var.environment}-${var.region}-sqs-events-dead"
  topic_name     = "${var.environment}-${var.region}-sns-alerts"
  role_name      = "${var.environment}-global-iam-events-forward-${var.region}"
  log_group_name = "/aws/events/${local.bus_name}"

  bus_arn       = "arn:${var.partition}:events:${var.region}:${var.account_id}:event-bus/${local.bus_name}"
  peer_bus_arn  = "arn:${var.partition}:events:${var.peer_region}:${var.account_id}:event-bus/${local.peer_bus_name}"
  queue_arn     = "arn:${var.partition}:sqs:${var.region}:${var.account_id}:${local.queue_name}"
  topic_arn     = "arn:${var.partition}:sns:${var.region}:${var.account_id}:${local.topic_name}"
  log_group_arn = "arn:${var.partition}:logs:${var.region}:${var.account_id}:log-group:${local.log_group_name}"

  # Rules of the bus, and rules of the default bus whose names follow the scheme.
  rules_arn     = "arn:${var.partition}:events:${var.region}:${var.account_id}:rule"
  bus_rules_arn = "${local.rules_arn}/${local.bus_name}/*"
  own_rules_arn = "${local.rules_arn}/${var.environment}-${var.region}-events-*"

  rule_names = { for purpose in ["record", "forward", "alert"] : purpose => "${var.environment}-${var.region}-events-${purpose}" }
  rule_arns  = { for purpose, name in local.rule_names : purpose => "${local.rules_arn}/${local.bus_name}/${name}" }

  sources = ["docmigration.sync", "docmigration.replication", "docmigration.verify", "docmigration.cutover"]

  # An event names the region it happened in. A forwarded one names the other: it goes no further, and is told once.
  happened_here = { region = [var.region] }

  patterns = {
    record  = { source = local.sources }
    forward = { source = local.sources, detail = local.happened_here }
    alert   = { source = local.sources, detail-type = var.alert_on, detail = local.happened_here }
  }

  in_account = { StringEquals = { "aws:SourceAccount" = var.account_id } }
}
