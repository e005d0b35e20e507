locals {
  queue_names = { for purpose in var.queues : purpose => "${var.environment}-${var.region}-sqs-${purpose}" }
  dead_names = merge(
    { for purpose, name in local.queue_names : purpose => "${name}-dead" },
    { events = "${var.environment}-${var.region}-sqs-events-dead" },
  )

  queue_alarms = merge(
    { for purpose, name in local.queue_names : "sqs-${purpose}-age" => {
      description         = "Messages for ${purpose} wait too long"
      namespace           = "AWS/SQS"
      metric              = "ApproximateAgeOfOldestMessage"
      dimensions          = { QueueName = name }
      statistic           = "Maximum"
      comparison          = "GreaterThanThreshold"
      threshold           = var.thresholds.queue_age_seconds
      evaluation_periods  = 3
      datapoints_to_alarm = 3
    } },
    { for purpose, name in local.dead_names : "sqs-${purpose}-dead-letters" => {
      description = "There are dead letters of ${purpose}"
      namespace   = "AWS/SQS"
      metric      = "ApproximateNumberOfMessagesVisible"
      dimensions  = { QueueName = name }
      statistic   = "Maximum"
    } },
  )
}
