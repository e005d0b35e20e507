output "buckets" {
  description = "Existing buckets by key: name, arn, region."
  value       = { for key, b in data.aws_s3_bucket.this : key => { name = b.bucket, arn = b.arn, region = b.region } }
}

output "tables" {
  description = "Existing tables by key: name, arn, stream_arn, and whether the settings that a global table and recovery need are on."
  value = { for key, t in data.aws_dynamodb_table.this : key => {
    name                   = t.name
    arn                    = t.arn
    stream_arn             = t.stream_arn
    billing_mode           = t.billing_mode
    stream_view_type       = t.stream_view_type
    point_in_time_recovery = one(t.point_in_time_recovery[*].enabled)
  } }
}

output "roles" {
  description = "Existing IAM roles by key: name and arn."
  value       = { for key, r in data.aws_iam_role.this : key => { name = r.name, arn = r.arn } }
}

output "topic_arns" {
  description = "ARN of existing SNS topics by key."
  value       = { for key, t in data.aws_sns_topic.this : key => t.arn }
}

output "functions" {
  description = "Existing Lambda functions by key: name and arn."
  value       = { for key, f in data.aws_lambda_function.this : key => { name = f.function_name, arn = f.arn } }
}

output "event_bus_arns" {
  description = "ARN of existing event buses by key."
  value       = { for key, b in data.aws_cloudwatch_event_bus.this : key => b.arn }
}

output "discovered_arns" {
  description = "ARNs found by tag, sorted, by key."
  value       = { for key, d in data.aws_resourcegroupstaggingapi_resources.this : key => sort(d.resource_tag_mapping_list[*].resource_arn) }
}
