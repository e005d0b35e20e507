locals {
  queue_names = { for purpose in var.queues : purpose => module.watched.names.aws_sqs_queue[purpose] }
  dead_names  = { for purpose in setunion(var.queues, ["events"]) : purpose => module.watched.names.aws_sqs_queue["${purpose}-dead"] }

  # A message that failed once comes back after the queue's visibility timeout, six times the function's timeout: as long
  # as that is no sign of trouble yet.
  patience = { for purpose in var.queues : purpose => max(var.thresholds.queue_age_seconds, try(6 * var.functions[purpose].timeout_seconds, 0)) }

  queue_alarms = merge(
    { for purpose, name in local.queue_names : "sqs-${purpose}-age" => {
      description         = "Messages for ${purpose} wait longer than ${local.patience[purpose]} s"
      namespace           = "AWS/SQS"
      metric              = "ApproximateAgeOfOldestMessage"
      dimensions          = { QueueName = name }
      statistic           = "Maximum"
      comparison          = "GreaterThanThreshold"
      threshold           = local.patience[purpose]
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
