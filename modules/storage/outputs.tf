output "documents_bucket" {
  description = "Name of the documents bucket, known while planning; it is versioned when this output can be used."
  value       = local.documents_bucket
}

output "documents_bucket_arn" {
  description = "ARN of the documents bucket, known while planning."
  value       = "arn:${module.labels.partition}:s3:::${local.documents_bucket}"
}

output "ops_bucket" {
  description = "Name of the bucket for manifests, reports and inventories."
  value       = module.ops.bucket
}

output "ops_bucket_arn" {
  description = "ARN of the bucket for manifests, reports and inventories."
  value       = module.ops.arn
}

output "inventory_prefix" {
  description = "Where the inventory's manifests lie in the ops bucket; null where there is no inventory."
  value       = one([for i in aws_s3_bucket_inventory.documents : "${local.inventory_prefix}/${local.documents_name}/${i.name}"])
}

output "request_metrics_filter_id" {
  description = "FilterId dimension of the documents bucket's request metrics; null where they are off."
  value       = one(module.documents[*].request_metrics_filter_id)
}
