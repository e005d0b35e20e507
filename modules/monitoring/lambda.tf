locals {
  function_names = module.watched.names.aws_lambda_function

  lambda_alarms = merge(
    [for purpose, f in var.functions : merge(
      { for metric in ["Errors", "Throttles"] : "lambda-${purpose}-${lower(metric)}" => {
        description         = "Function ${purpose}: ${metric}"
        namespace           = "AWS/Lambda"
        metric              = metric
        dimensions          = { FunctionName = local.function_names[purpose] }
        comparison          = "GreaterThanThreshold"
        threshold           = 0
        evaluation_periods  = 3
        datapoints_to_alarm = 2
      } },
      { "lambda-${purpose}-duration" = {
        description         = "Function ${purpose} comes near its timeout of ${f.timeout_seconds} s"
        namespace           = "AWS/Lambda"
        metric              = "Duration"
        dimensions          = { FunctionName = local.function_names[purpose] }
        extended_statistic  = "p99"
        comparison          = "GreaterThanThreshold"
        threshold           = f.timeout_seconds * 1000 * var.thresholds.duration_percent / 100
        evaluation_periods  = 5
        datapoints_to_alarm = 3
        blocks_cutover      = false
      } },
      { for key, alarm in {
        "lambda-${purpose}-iterator-age" = {
          description         = "Function ${purpose} falls behind the stream"
          namespace           = "AWS/Lambda"
          metric              = "IteratorAge"
          dimensions          = { FunctionName = local.function_names[purpose] }
          statistic           = "Maximum"
          comparison          = "GreaterThanThreshold"
          threshold           = var.thresholds.iterator_age_ms
          evaluation_periods  = 5
          datapoints_to_alarm = 3
        }
        "lambda-${purpose}-destination-failures" = {
          description = "Records that function ${purpose} gave up could not be kept: DestinationDeliveryFailures"
          namespace   = "AWS/Lambda"
          metric      = "DestinationDeliveryFailures"
          dimensions  = { FunctionName = local.function_names[purpose] }
        }
      } : key => alarm if f.invoked == "stream" },
      { for metric, slug in {
        AsyncEventsDropped = "async-dropped", DeadLetterErrors = "dead-letter-errors", DestinationDeliveryFailures = "destination-failures",
        } : "lambda-${purpose}-${slug}" => {
        description = "Events for function ${purpose} were lost: ${metric}"
        namespace   = "AWS/Lambda"
        metric      = metric
        dimensions  = { FunctionName = local.function_names[purpose] }
      } if f.invoked == "async" },
    )]...
  )
}
