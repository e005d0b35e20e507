# S3 to EventBridge carries changes of objects, S3 to SQS the fate of their replication, which EventBridge does not get.
# S3 keeps one notification configuration a bucket: this one.
resource "aws_s3_bucket_notification" "documents" {
  count = var.bucket_notification_enabled ? 1 : 0

  bucket      = var.documents_bucket
  eventbridge = true

  queue {
    id        = "replication"
    queue_arn = aws_sqs_queue.this["replication-failures"].arn
    events    = ["s3:Replication:*"]
  }
}
