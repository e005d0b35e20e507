# Which region gets a replication metric differs by metric: an alarm in the other one never sees data. Only BytesPending's
# region is written down by AWS; the others' come from running systems: hence the variable.
locals {
  inbound  = { SourceBucket = var.peer_documents_bucket, DestinationBucket = var.documents_bucket, RuleId = var.replication_rule_id }
  outbound = { SourceBucket = var.documents_bucket, DestinationBucket = var.peer_documents_bucket, RuleId = var.replication_rule_id }

  # The flow whose metrics arrive here, for each side that can publish them.
  flow = { destination = local.inbound, source = local.outbound }
  says = { destination = "from ${var.peer_region} to ${var.region}", source = "from ${var.region} to ${var.peer_region}" }

  s3_metrics = {
    s3-replication-latency = {
      metric             = "ReplicationLatency", side = var.s3_metric_sides.latency, statistic = "Maximum"
      threshold          = var.thresholds.s3_latency_seconds, evaluation_periods = 5, datapoints_to_alarm = 3
      treat_missing_data = "ignore", text = "Documents are late"
    }
    s3-replication-bytes-pending = {
      metric             = "BytesPendingReplication", side = var.s3_metric_sides.bytes_pending, statistic = "Maximum"
      threshold          = var.thresholds.s3_bytes_pending, evaluation_periods = 15, datapoints_to_alarm = 15
      treat_missing_data = "ignore", text = "Many bytes wait to be copied"
    }
    s3-replication-operations-pending = {
      metric             = "OperationsPendingReplication", side = var.s3_metric_sides.operations_pending, statistic = "Maximum"
      threshold          = var.thresholds.s3_operations_pending, evaluation_periods = 3, datapoints_to_alarm = 3
      treat_missing_data = "ignore", text = "Many documents wait to be copied"
    }
    s3-replication-failed = {
      metric             = "OperationsFailedReplication", side = var.s3_metric_sides.failed, statistic = "Sum"
      threshold          = 0, evaluation_periods = 1, datapoints_to_alarm = 1
      treat_missing_data = "notBreaching", text = "S3 could not copy documents"
    }
  }

  s3_alarms = { for purpose, m in local.s3_metrics : purpose => {
    description         = "${m.text}, ${local.says[m.side]}"
    namespace           = "AWS/S3"
    metric              = m.metric
    dimensions          = local.flow[m.side]
    statistic           = m.statistic
    comparison          = "GreaterThanThreshold"
    threshold           = m.threshold
    evaluation_periods  = m.evaluation_periods
    datapoints_to_alarm = m.datapoints_to_alarm
    treat_missing_data  = m.treat_missing_data
  } }
}
