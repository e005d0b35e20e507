output "names" {
  description = "Table name by purpose; the same in every region."
  value       = { for purpose, table in aws_dynamodb_table.this : purpose => table.name }
}

output "arns" {
  description = "Table ARN by purpose and region, known while planning."
  value = { for purpose, table in aws_dynamodb_table.this : purpose => {
    for region in local.regions :
    region => "arn:${module.labels.partition}:dynamodb:${region}:${var.account_id}:table/${table.name}"
  } }
}

output "stream_arns" {
  description = "Stream ARN by purpose and region; null where the table has no stream. Known after the first apply."
  value = { for purpose, table in aws_dynamodb_table.this : purpose => merge(
    { (var.source_region) = table.stream_arn },
    { for region in local.replica_regions : region => one([for r in table.replica : r.stream_arn if r.region_name == region]) },
  ) }
}

output "regions" {
  description = "Regions that hold the tables, the source first."
  value       = local.regions
}
