# One reader of the metadata table's stream in each region; what else wants to know listens on the bus.
resource "aws_lambda_event_source_mapping" "metadata" {
  event_source_arn                   = var.stream_arns.metadata[var.region]
  function_name                      = aws_lambda_function.this["stream-consumer"].arn
  starting_position                  = "TRIM_HORIZON"
  batch_size                         = var.stream.batch_size
  maximum_batching_window_in_seconds = var.stream.window_seconds
  parallelization_factor             = var.stream.parallelization_factor
  function_response_types            = ["ReportBatchItemFailures"]

  # By default one bad record would hold up its shard for a day.
  bisect_batch_on_function_error = true
  maximum_retry_attempts         = var.stream.maximum_retries
  maximum_record_age_in_seconds  = var.stream.maximum_age_seconds

  # Items are written in one region and arrive in the other's stream too: each region handles its own, also when they
  # were removed or replaced by the other's.
  filter_criteria {
    filter {
      pattern = jsonencode({ dynamodb = { NewImage = { origin_region = { S = [var.region] } } } })
    }

    filter {
      pattern = jsonencode({ dynamodb = { OldImage = { origin_region = { S = [var.region] } } } })
    }
  }

  # S3 keeps the whole record, a queue would keep its number only.
  destination_config {
    on_failure {
      destination_arn = local.ops_arn
    }
  }

  metrics_config {
    metrics = ["EventCount"]
  }

  # Switched off and on at runtime, by a cutover or by hand.
  lifecycle {
    ignore_changes = [enabled]
  }
}

# Here, since AWS names the mapping: monitoring knows no id beforehand. What could not be kept either has an alarm there
# (DestinationDeliveryFailures).
resource "aws_cloudwatch_metric_alarm" "stream_gave_up" {
  alarm_name          = module.labels.names.aws_cloudwatch_metric_alarm["stream-consumer-gave-up"]
  alarm_description   = "Records of the metadata table's stream were given up: they lie in aws/lambda/ of the ops bucket"
  namespace           = "AWS/Lambda"
  metric_name         = "OnFailureDestinationDeliveredEventCount"
  dimensions          = { EventSourceMappingUUID = aws_lambda_event_source_mapping.metadata.uuid }
  statistic           = "Sum"
  period              = 60
  comparison_operator = "GreaterThanOrEqualToThreshold"
  threshold           = 1
  evaluation_periods  = 1
  datapoints_to_alarm = 1
  treat_missing_data  = "notBreaching"
  alarm_actions       = [var.alerts_topic_arn]
  ok_actions          = [var.alerts_topic_arn]
}
