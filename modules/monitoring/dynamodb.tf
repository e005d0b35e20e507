# CloudWatch ignores missing data of AWS/DynamoDB whatever an alarm says: a replica that stands still never alarms
# here. The heartbeat (custom.tf) is what notices.
locals {
  operations = ["DeleteItem", "GetItem", "PutItem", "Query", "UpdateItem"]

  # Known statistics are Average, Minimum and Maximum; a percentile would get no data. Published where items are written.
  latency_alarms = merge(
    { for purpose in var.global_tables : "dynamodb-${purpose}-replication-latency" => {
      description         = "Items of ${purpose} reach ${var.peer_region} late on average"
      namespace           = "AWS/DynamoDB"
      metric              = "ReplicationLatency"
      dimensions          = { TableName = local.tables[purpose], ReceivingRegion = var.peer_region }
      statistic           = "Average"
      comparison          = "GreaterThanThreshold"
      threshold           = var.thresholds.table_latency_ms
      evaluation_periods  = 5
      datapoints_to_alarm = 3
      treat_missing_data  = "ignore"
    } },
    { for purpose in var.global_tables : "dynamodb-${purpose}-replication-latency-peak" => {
      description         = "Single items of ${purpose} reach ${var.peer_region} very late"
      namespace           = "AWS/DynamoDB"
      metric              = "ReplicationLatency"
      dimensions          = { TableName = local.tables[purpose], ReceivingRegion = var.peer_region }
      statistic           = "Maximum"
      comparison          = "GreaterThanThreshold"
      threshold           = var.thresholds.table_latency_peak_ms
      evaluation_periods  = 5
      datapoints_to_alarm = 3
      treat_missing_data  = "ignore"
      blocks_cutover      = false
    } },
  )

  table_alarms = merge([for purpose, name in local.tables : merge(
    { for metric, slug in { ThrottledRequests = "throttled-requests", SystemErrors = "system-errors" } : "dynamodb-${purpose}-${slug}" => {
      description                             = "DynamoDB turned away requests to ${purpose}: ${metric}"
      namespace                               = "AWS/DynamoDB"
      metric                                  = metric
      dimensions                              = { TableName = name }
      operations                              = local.operations
      treat_missing_data                      = "ignore"
    } },
    { for metric, slug in { ReadThrottleEvents = "read-throttles", WriteThrottleEvents = "write-throttles" } : "dynamodb-${purpose}-${slug}" => {
      description                              = "${purpose} is used faster than DynamoDB has grown it: ${metric}"
      namespace                                = "AWS/DynamoDB"
      metric                                   = metric
      dimensions                               = { TableName = name }
      treat_missing_data                       = "ignore"
    } },
    { for metric, slug in { ConsumedReadCapacityUnits = "read-capacity", ConsumedWriteCapacityUnits = "write-capacity" } : "dynamodb-${purpose}-${slug}" => {
      description                                     = "${purpose} uses more than ${var.thresholds.capacity_percent} % of the quota of ${var.thresholds.table_quota_units} units a second"
      namespace                                       = "AWS/DynamoDB"
      metric                                          = metric
      dimensions                                      = { TableName = name }
      comparison                                      = "GreaterThanThreshold"
      threshold                                       = var.thresholds.table_quota_units * local.minute * var.thresholds.capacity_percent / 100
      treat_missing_data                              = "ignore"
      blocks_cutover                                  = false
    } },
  )]...)

  dynamodb_alarms = merge(local.latency_alarms, local.table_alarms)
}
