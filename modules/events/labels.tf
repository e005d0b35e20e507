module "labels" {
  source = "../labels"

  environment   = var.environment
  region        = var.region
  other_regions = [var.peer_region]
  account_id    = var.account_id

  purposes = {
    aws_cloudwatch_event_archive       = ["archive"]
    aws_cloudwatch_event_bus           = ["migration"]
    aws_cloudwatch_event_rule          = keys(local.patterns)
    aws_cloudwatch_log_resource_policy = ["events"]
    aws_iam_role                       = ["events-forward-${var.region}"]
    aws_sns_topic                      = ["alerts"]
    aws_sqs_queue                      = ["events-dead"]
  }
}
