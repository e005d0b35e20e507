output "machine_arns" {
  description = "ARN of this region's state machines by purpose, known while planning."
  value       = { for purpose, m in aws_sfn_state_machine.this : purpose => "arn:${module.labels.partition}:states:${var.region}:${var.account_id}:stateMachine:${m.name}" }
}

output "log_group_names" {
  description = "Log group of each state machine by purpose, known while planning."
  value       = { for purpose, g in aws_cloudwatch_log_group.this : purpose => g.name }
}

output "role_arns" {
  description = "Role of each state machine by purpose, known while planning."
  value       = { for purpose, r in aws_iam_role.this : purpose => "arn:${module.labels.partition}:iam::${var.account_id}:role/${r.name}" }
}
