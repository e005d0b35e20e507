locals {
  tables = merge(
    { for purpose in var.global_tables : purpose => var.table_names[purpose] },
    { idempotency = module.watched.names.aws_dynamodb_table["idempotency"] },
  )

  minute = 60

  # Every alarm by purpose, the last part of its name. What a file leaves out is here.
  defaults = {
    extended_statistic  = null
    statistic           = "Sum"
    comparison          = "GreaterThanOrEqualToThreshold"
    threshold           = 1
    evaluation_periods  = 1
    datapoints_to_alarm = 1
    treat_missing_data  = "notBreaching"
    blocks_cutover      = true
    operations          = []
  }

  alarms = { for purpose, alarm in merge(
    local.s3_alarms,
    local.dynamodb_alarms,
    local.lambda_alarms,
    local.queue_alarms,
    local.machine_alarms,
    local.rule_alarms,
    local.custom_alarms,
  ) : purpose => merge(local.defaults, alarm) }

  blocking = sort([for purpose, alarm in local.alarms : purpose if alarm.blocks_cutover])
}
