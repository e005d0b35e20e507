# The peer's functions, queues and alarms are named, not referenced: each of the two regions' units would wait for the
# other. The readiness alarm of this region is asked for at run time only, and made by a unit that watches what stands here.
module "labels" {
  source = "../labels"

  environment   = var.environment
  region        = var.region
  other_regions = [var.peer_region]
  account_id    = var.account_id

  purposes = {
    aws_cloudwatch_composite_alarm = ["not-ready-for-cutover"]
    aws_cloudwatch_event_rule      = concat(keys(local.rules), keys(local.schedules))
    aws_cloudwatch_metric_alarm    = ["stream-consumer-gave-up"]
    aws_dynamodb_table             = ["idempotency"]
    aws_iam_role                   = [for purpose in keys(local.functions) : "${purpose}-${var.region}"]
    aws_lambda_function            = keys(local.functions)
    aws_s3_bucket                  = ["code"]
    aws_sqs_queue                  = concat(local.readers, [for purpose in concat(local.readers, ["events"]) : "${purpose}-dead"])
  }
}
