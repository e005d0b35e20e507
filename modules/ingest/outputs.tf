output "task_arns" {
  description = "ARN of the DataSync task by source, known after the first apply. Start one with `aws datasync start-task-execution --task-arn`."
  value       = { for key, task in aws_datasync_task.this : key => task.arn }
}

output "log_group_name" {
  description = "Log group of the tasks, known while planning; null without sources."
  value       = one(aws_cloudwatch_log_group.this[*].name)
}
