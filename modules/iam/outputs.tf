output "replication_role_arns" {
  description = "ARN of the S3 replication role by the region of the bucket it reads, known while planning."
  value       = { for region, role in aws_iam_role.replication : region => "arn:${module.labels.partition}:iam::${var.account_id}:role/${role.name}" }
  depends_on  = [aws_iam_role_policy.replication]
}

output "batch_role_arns" {
  description = "ARN of the S3 Batch Replication role by region, known while planning."
  value       = { for region, role in aws_iam_role.batch : region => "arn:${module.labels.partition}:iam::${var.account_id}:role/${role.name}" }
  depends_on  = [aws_iam_role_policy.batch]
}

output "cross_account_role_arns" {
  description = "ARN of the roles `ops` and `ingest`, where they exist, known while planning."
  value       = { for key, role in aws_iam_role.cross_account : key => "arn:${module.labels.partition}:iam::${var.account_id}:role/${role.name}" }
}
