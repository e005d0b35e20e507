resource "aws_cloudwatch_metric_alarm" "this" {
  for_each = local.alarms

  alarm_name          = module.labels.names.aws_cloudwatch_metric_alarm[each.key]
  alarm_description   = each.value.description
  comparison_operator = each.value.comparison
  threshold           = each.value.threshold
  evaluation_periods  = each.value.evaluation_periods
  datapoints_to_alarm = each.value.datapoints_to_alarm
  treat_missing_data  = each.value.treat_missing_data
  alarm_actions       = [var.alerts_topic_arn]
  ok_actions          = [var.alerts_topic_arn]

  # A percentile of a handful of invocations says nothing.
  evaluate_low_sample_count_percentiles = each.value.extended_statistic == null ? null : "ignore"

  # One metric ...
  namespace          = length(each.value.operations) == 0 ? each.value.namespace : null
  metric_name        = length(each.value.operations) == 0 ? each.value.metric : null
  dimensions         = length(each.value.operations) == 0 ? each.value.dimensions : null
  period             = length(each.value.operations) == 0 ? local.minute : null
  statistic          = length(each.value.operations) == 0 && each.value.extended_statistic == null ? each.value.statistic : null
  extended_statistic = each.value.extended_statistic

  # ... or the sum over DynamoDB's operations, which it counts apart.
  dynamic "metric_query" {
    for_each = length(each.value.operations) == 0 ? [] : [each.value]

    content {
      id          = "total"
      label       = metric_query.value.metric
      expression  = "SUM(METRICS())"
      return_data = true
    }
  }

  dynamic "metric_query" {
    for_each = each.value.operations

    content {
      id = "m${metric_query.key}"

      metric {
        namespace   = each.value.namespace
        metric_name = each.value.metric
        dimensions  = merge(each.value.dimensions, { Operation = metric_query.value })
        period      = local.minute
        stat        = each.value.statistic
      }
    }
  }
}

# In ALARM: something stands in the way of a cutover in this region. The gate asks both regions, and for fresh data too.
resource "aws_cloudwatch_composite_alarm" "not_ready" {
  alarm_name        = module.labels.names.aws_cloudwatch_composite_alarm["not-ready-for-cutover"]
  alarm_description = "Not ready for cutover in ${var.region}: one of ${length(local.blocking)} alarms is on"
  alarm_rule        = join(" OR ", [for purpose in local.blocking : "ALARM(\"${aws_cloudwatch_metric_alarm.this[purpose].alarm_name}\")"])
  alarm_actions     = [var.alerts_topic_arn]
  ok_actions        = [var.alerts_topic_arn]

  lifecycle {
    precondition {
      condition     = length(local.blocking) <= 100
      error_message = "A composite alarm takes 100 alarms; there are ${length(local.blocking)}."
    }
  }
}
