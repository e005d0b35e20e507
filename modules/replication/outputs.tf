output "rule" {
  description = "The rule as CloudWatch knows it: source and destination bucket, rule id (dimensions of the replication metrics), and the regions they are in."
  value = {
    source_bucket      = aws_s3_bucket_replication_configuration.documents.bucket
    destination_bucket = element(split(":::", var.peer_documents_bucket_arn), 1)
    rule_id            = local.rule_id
    source_region      = var.region
    destination_region = var.peer_region
    enabled            = var.replication_enabled
  }
}

output "batch_replication" {
  description = "What a job needs that copies existing objects: bucket, ops bucket, role, prefixes, and the replication statuses it takes up. Null where the mode is not batch."
  value = local.batch ? {
    region            = var.region
    source_bucket_arn = var.documents_bucket_arn
    ops_bucket_arn    = var.ops_bucket_arn
    role_arn          = var.batch_role_arns[var.region]
    manifest_prefix   = "batch-replication/manifests"
    report_prefix     = "batch-replication/reports"
    # Not COMPLETED, and not REPLICA: the way back must not send copies home again.
    statuses = ["NONE", "FAILED"]
  } : null
  depends_on = [aws_s3_bucket_replication_configuration.documents]
}
