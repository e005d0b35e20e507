output "bucket" {
  description = "Name of the bucket, known while planning. What uses it waits for versioning, which replication needs."
  value       = aws_s3_bucket.this.bucket
  depends_on  = [aws_s3_bucket_versioning.this, aws_s3_bucket_server_side_encryption_configuration.this, aws_s3_bucket_policy.this]
}

output "arn" {
  description = "ARN of the bucket, known while planning. What uses it waits for versioning, which replication needs."
  value       = local.arn
  depends_on  = [aws_s3_bucket_versioning.this, aws_s3_bucket_server_side_encryption_configuration.this, aws_s3_bucket_policy.this]
}

output "request_metrics_filter_id" {
  description = "FilterId dimension of the request metrics; null where they are off."
  value       = one(aws_s3_bucket_metric.this[*].name)
}
