locals {
  # By alias, which AWS chooses: unknown until the access point exists.
  access_point_arn       = one([for a in aws_s3control_multi_region_access_point.documents : "arn:${module.labels.partition}:s3::${var.account_id}:accesspoint/${a.alias}"])
  access_point_resources = local.access_point_arn == null ? [] : [local.access_point_arn, "${local.access_point_arn}/object/*"]
}

output "active_region_parameter" {
  description = "Name of the SSM parameter with this region's copy of epoch, state and active region, known while planning."
  value       = aws_ssm_parameter.active_region.name
}

output "active_region_parameter_arn" {
  description = "ARN of that parameter, known while planning."
  value       = "arn:${module.labels.partition}:ssm:${var.region}:${var.account_id}:parameter/${aws_ssm_parameter.active_region.name}"
}

output "access_point_name" {
  description = "Name of the Multi-Region Access Point, known while planning; null in the target region and where it is off."
  value       = one(aws_s3control_multi_region_access_point.documents[*].details[0].name)
}

output "access_point_arn" {
  description = "ARN by which clients and the routes' API call the access point, known after the first apply; null in the target region and where it is off."
  value       = local.access_point_arn
}
