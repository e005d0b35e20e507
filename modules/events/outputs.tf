output "bus_name" {
  description = "Name of the bus, known while planning."
  value       = local.bus_name
  depends_on  = [aws_cloudwatch_event_bus.migration]
}

output "bus_arn" {
  description = "ARN of the bus, known while planning."
  value       = local.bus_arn
  depends_on  = [aws_cloudwatch_event_bus.migration]
}

output "dead_letter_queue_name" {
  description = "Name of the queue for events that no target took, known while planning."
  value       = local.queue_name
  depends_on  = [aws_sqs_queue.dead]
}

output "dead_letter_queue_arn" {
  description = "ARN of that queue, known while planning. It takes from every rule of this environment and region."
  value       = local.queue_arn
  depends_on  = [aws_sqs_queue.dead]
}

output "alerts_topic_arn" {
  description = "ARN of the topic for people, known while planning. Alarms and rules of this environment and region may send to it."
  value       = local.topic_arn
  depends_on  = [aws_sns_topic.alerts]
}

output "log_group" {
  description = "Log group with every event, known while planning."
  value       = local.log_group_name
  depends_on  = [aws_cloudwatch_log_group.record]
}

output "rule_names" {
  description = "Rules of the bus by purpose (record, forward, alert), known while planning."
  value       = local.rule_names
  depends_on  = [aws_cloudwatch_event_target.this]
}
