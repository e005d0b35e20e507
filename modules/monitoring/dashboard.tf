# One for both regions, made by the source's unit. A widget names the region whose metrics it shows.
locals {
  directions = {
    (var.region)      = { to = var.peer_region, from_bucket = var.documents_bucket, to_bucket = var.peer_documents_bucket }
    (var.peer_region) = { to = var.region, from_bucket = var.peer_documents_bucket, to_bucket = var.documents_bucket }
  }

  # Rows of two widgets: the source on the left, the target on the right.
  panels = [
    {
      title   = "Lag seen by the heartbeat, ms"
      stat    = "Maximum"
      metrics = { for r, d in local.directions : r => [for m in ["CrossRegionVisibleLagMs", "SentinelPendingMs"] : [var.metrics_namespace, m, "environment", var.environment, "service", "heartbeat", "from_region", r, "to_region", d.to]] }
    },
    {
      title = "S3 replication from here: latency and what waits"
      stat  = "Maximum"
      metrics = { for r, d in local.directions : r => [for m, side in {
        ReplicationLatency           = var.s3_metric_sides.latency
        BytesPendingReplication      = var.s3_metric_sides.bytes_pending
        OperationsPendingReplication = var.s3_metric_sides.operations_pending
      } : ["AWS/S3", m, "SourceBucket", d.from_bucket, "DestinationBucket", d.to_bucket, "RuleId", var.replication_rule_id, { region = side == "destination" ? d.to : r }]] }
    },
    {
      title   = "S3 replication from here: failed"
      stat    = "Sum"
      metrics = { for r, d in local.directions : r => [["AWS/S3", "OperationsFailedReplication", "SourceBucket", d.from_bucket, "DestinationBucket", d.to_bucket, "RuleId", var.replication_rule_id, { region = var.s3_metric_sides.failed == "destination" ? d.to : r }]] }
    },
    {
      title   = "DynamoDB replication from here, ms"
      stat    = "Average"
      metrics = { for r, d in local.directions : r => [for purpose in sort(var.global_tables) : ["AWS/DynamoDB", "ReplicationLatency", "TableName", local.tables[purpose], "ReceivingRegion", d.to]] }
    },
    {
      title   = "DynamoDB capacity used, units a minute"
      stat    = "Sum"
      metrics = { for r, _ in local.directions : r => [for pair in setproduct(sort(var.global_tables), ["ConsumedReadCapacityUnits", "ConsumedWriteCapacityUnits"]) : ["AWS/DynamoDB", pair[1], "TableName", local.tables[pair[0]]]] }
    },
    {
      title = "DynamoDB throttles and user errors"
      stat  = "Sum"
      metrics = { for r, _ in local.directions : r => concat(
        [for pair in setproduct(sort(var.global_tables), ["ReadThrottleEvents", "WriteThrottleEvents"]) : ["AWS/DynamoDB", pair[1], "TableName", local.tables[pair[0]]]],
        [["AWS/DynamoDB", "UserErrors"]],
      ) }
    },
    {
      title   = "Functions: errors and throttles"
      stat    = "Sum"
      metrics = { for r, _ in local.directions : r => [for pair in setproduct(sort(keys(var.functions)), ["Errors", "Throttles"]) : ["AWS/Lambda", pair[1], "FunctionName", module.watched.names_in[r].aws_lambda_function[pair[0]]]] }
    },
    {
      title   = "Functions: records that could not be synchronised"
      stat    = "Sum"
      metrics = { for r, _ in local.directions : r => [for purpose in sort(var.recording_functions) : [var.metrics_namespace, "SyncFailed", "environment", var.environment, "service", purpose]] }
    },
    {
      title   = "Stream: age of what is read, ms"
      stat    = "Maximum"
      metrics = { for r, _ in local.directions : r => [for purpose, f in var.functions : ["AWS/Lambda", "IteratorAge", "FunctionName", module.watched.names_in[r].aws_lambda_function[purpose]] if f.invoked == "stream"] }
    },
    {
      title   = "Queues: age of the oldest message, s"
      stat    = "Maximum"
      metrics = { for r, _ in local.directions : r => [for purpose in sort(var.queues) : ["AWS/SQS", "ApproximateAgeOfOldestMessage", "QueueName", module.watched.names_in[r].aws_sqs_queue[purpose]]] }
    },
    {
      title   = "Dead letters"
      stat    = "Maximum"
      metrics = { for r, _ in local.directions : r => [for purpose in sort(setunion(var.queues, ["events"])) : ["AWS/SQS", "ApproximateNumberOfMessagesVisible", "QueueName", module.watched.names_in[r].aws_sqs_queue["${purpose}-dead"]]] }
    },
    {
      title = "Workflows that failed"
      stat  = "Sum"
      metrics = { for r, _ in local.directions : r => [for pair in setproduct(sort(var.state_machines[r == var.region ? var.region_role : local.peer_role]), ["ExecutionsFailed", "ExecutionsTimedOut", "ExecutionsAborted"]) :
        ["AWS/States", pair[1], "StateMachineArn", "arn:${module.labels.partition}:states:${r}:${var.account_id}:stateMachine:${module.watched.names_in[r].aws_sfn_state_machine[pair[0]]}"]
      ] }
    },
    {
      title = "Traffic: requests to the documents bucket"
      stat  = "Sum"
      metrics = { for r, d in local.directions : r => [for pair in setproduct(var.request_metrics_filter_id[*], ["GetRequests", "PutRequests", "4xxErrors", "5xxErrors"]) :
        ["AWS/S3", pair[1], "BucketName", d.from_bucket, "FilterId", pair[0]]
      ] }
    },
    {
      title = "Documents kept, daily"
      stat  = "Average"
      metrics = { for r, d in local.directions : r => [
        ["AWS/S3", "NumberOfObjects", "BucketName", d.from_bucket, "StorageType", "AllStorageTypes", { period = 86400 }],
        ["AWS/S3", "BucketSizeBytes", "BucketName", d.from_bucket, "StorageType", "StandardStorage", { period = 86400, yAxis = "right" }],
      ] }
    },
  ]

  peer_role = var.region_role == "source" ? "target" : "source"

  readiness = {
    type   = "alarm"
    x      = 0
    y      = 0
    width  = 24
    height = 2
    properties = {
      title  = "Ready for cutover? (an alarm says no)"
      alarms = [for r, _ in local.directions : "arn:${module.labels.partition}:cloudwatch:${r}:${var.account_id}:alarm:${module.labels.names_in[r].aws_cloudwatch_composite_alarm["not-ready-for-cutover"]}"]
    }
  }

  widgets = flatten([for row, panel in local.panels : [for column, r in [var.region, var.peer_region] : {
    type   = "metric"
    x      = 12 * column
    y      = 2 + 6 * row
    width  = 12
    height = 6
    properties = {
      title   = "${r}: ${panel.title}"
      region  = r
      stat    = panel.stat
      period  = 60
      view    = "timeSeries"
      metrics = panel.metrics[r]
    }
  } if length(panel.metrics[r]) > 0]])
}

resource "aws_cloudwatch_dashboard" "both" {
  count = var.region_role == "source" ? 1 : 0

  dashboard_name = module.labels.names.aws_cloudwatch_dashboard["migration"]
  dashboard_body = jsonencode({ widgets = concat([local.readiness], local.widgets) })
}
