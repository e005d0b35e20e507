output "alarm_names" {
  description = "Name of every alarm by purpose, known while planning."
  value       = module.labels.names.aws_cloudwatch_metric_alarm
}

output "blocking_alarm_names" {
  description = "Names of the alarms that stand in the way of a cutover, sorted, known while planning."
  value       = [for purpose in local.blocking : module.labels.names.aws_cloudwatch_metric_alarm[purpose]]
}

output "composite_alarm_name" {
  description = "Name of the composite alarm of this region, known while planning: in ALARM while it is not ready for a cutover."
  value       = module.labels.names.aws_cloudwatch_composite_alarm["not-ready-for-cutover"]
  depends_on  = [aws_cloudwatch_composite_alarm.not_ready]
}

output "dashboard_name" {
  description = "Name of the dashboard of both regions, known while planning; null in the target region."
  value       = one(aws_cloudwatch_dashboard.both[*].dashboard_name)
}
