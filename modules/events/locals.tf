# Every ARN is built from names, so that the whole environment plans before anything exists. The peer's bus is named, not
# referenced: each of the two regions' units would wait for the other.
locals {
  bus_name       = module.labels.names.aws_cloudwatch_event_bus["migration"]
  peer_bus_name  = module.labels.names_in[var.peer_region].aws_cloudwatch_event_bus["migration"]
  archive_name   = module.labels.names.aws_cloudwatch_event_archive["archive"]
  queue_name     = module.labels.names.aws_sqs_queue["events-dead"]
  topic_name     = module.labels.names.aws_sns_topic["alerts"]
  role_name      = module.labels.names.aws_iam_role["events-forward-${var.region}"]
  log_group_name = "/aws/events/${local.bus_name}"

  bus_arn       = "arn:${module.labels.partition}:events:${var.region}:${var.account_id}:event-bus/${local.bus_name}"
  peer_bus_arn  = "arn:${module.labels.partition}:events:${var.peer_region}:${var.account_id}:event-bus/${local.peer_bus_name}"
  queue_arn     = "arn:${module.labels.partition}:sqs:${var.region}:${var.account_id}:${local.queue_name}"
  topic_arn     = "arn:${module.labels.partition}:sns:${var.region}:${var.account_id}:${local.topic_name}"
  log_group_arn = "arn:${module.labels.partition}:logs:${var.region}:${var.account_id}:log-group:${local.log_group_name}"

  # Rules of the bus, and rules of the default bus whose names follow the scheme.
  rules_arn     = "arn:${module.labels.partition}:events:${var.region}:${var.account_id}:rule"
  bus_rules_arn = "${local.rules_arn}/${local.bus_name}/*"
  own_rules_arn = "${local.rules_arn}/${module.labels.any_name_of.aws_cloudwatch_event_rule}"

  rule_names = module.labels.names.aws_cloudwatch_event_rule
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
