module "labels" {
  source = "../labels"

  environment   = var.environment
  region        = var.region
  other_regions = [var.peer_region]
  account_id    = var.account_id

  purposes = {
    aws_cloudwatch_composite_alarm = ["not-ready-for-cutover"]
    aws_cloudwatch_dashboard       = ["migration"]
    aws_cloudwatch_metric_alarm    = keys(local.alarms)
  }
}

# What other units make is named, not referenced: an alarm can stand before what it watches, the dashboard shows both
# regions, and a state machine and its functions need not exist for for_each to know its keys.
module "watched" {
  source = "../labels"

  environment   = var.environment
  region        = var.region
  other_regions = [var.peer_region]
  account_id    = var.account_id

  purposes = {
    aws_cloudwatch_event_rule = setunion(var.bus_rules, var.default_bus_rules)
    aws_dynamodb_table        = ["idempotency"]
    aws_lambda_function       = keys(var.functions)
    aws_sfn_state_machine     = setunion(var.state_machines.source, var.state_machines.target)
    aws_sqs_queue             = concat(tolist(var.queues), [for purpose in setunion(var.queues, ["events"]) : "${purpose}-dead"])
  }
}
