output "names" {
  description = "Names of `region` by type and purpose, known while planning."
  value       = local.names[var.region]

  precondition {
    condition     = length(local.too_long) == 0
    error_message = join("\n", local.too_long)
  }
}

output "names_in" {
  description = "The same by region, type and purpose: of `region` and of `other_regions`."
  value       = local.names
}

output "any_name" {
  description = "Pattern that every name of `region` fits, for policies."
  value       = "${var.environment}-${var.region}-*"
}

output "any_name_of" {
  description = "Pattern that every name of a type in `region` fits, by type, for policies."
  value       = { for type, beginning in local.beginnings[var.region] : type => "${beginning}-*" }
}

output "partition" {
  description = "AWS partition that `region` lies in, for ARNs: aws, aws-us-gov or aws-cn."
  value       = lookup(local.partitions, regex("^[a-z]+-[a-z]+", var.region), "aws")
}
