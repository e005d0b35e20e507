output "function_names" {
  description = "Function name by purpose, known while planning."
  value       = local.function_names
  depends_on  = [aws_lambda_function.this]
}

output "function_arns" {
  description = "Function ARN by purpose, known while planning."
  value       = local.function_arns
  depends_on  = [aws_lambda_function.this]
}

output "queue_arns" {
  description = "ARN of each function's queue by purpose, known while planning."
  value       = local.queue_arns
  depends_on  = [aws_sqs_queue.this]
}

output "dead_letter_queue_names" {
  description = "Name of each queue's dead letters by purpose, known while planning."
  value       = local.dead_names
  depends_on  = [aws_sqs_queue.dead]
}

output "event_source_mapping_ids" {
  description = "Id of each event source mapping by function, to switch it off and on. Known after the first apply."
  value = merge(
    { for purpose, mapping in aws_lambda_event_source_mapping.queue : purpose => mapping.uuid },
    { stream-consumer = aws_lambda_event_source_mapping.metadata.uuid },
  )
}

output "idempotency_table" {
  description = "Name of this region's table of finished work, known while planning."
  value       = local.idempotency_table
  depends_on  = [aws_dynamodb_table.idempotency]
}

output "rule_names" {
  description = "Name of each rule and schedule by purpose, known while planning."
  value       = local.rule_names
  depends_on  = [aws_cloudwatch_event_target.queue, aws_cloudwatch_event_target.schedule]
}
