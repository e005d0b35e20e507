output "vault_name" {
  description = "Name of this region's backup vault, known while planning."
  value       = aws_backup_vault.this.name
}

output "vault_arn" {
  description = "ARN of this region's backup vault, known while planning."
  value       = "arn:${module.labels.partition}:backup:${var.region}:${var.account_id}:backup-vault:${aws_backup_vault.this.name}"
}

output "plan_id" {
  description = "Id of the backup plan, known after the first apply; null in the region that does not back up."
  value       = one(aws_backup_plan.this[*].id)
}

output "protected_arns" {
  description = "ARNs that the plan backs up, known while planning; empty in the region that does not back up."
  value       = sort(flatten(values(local.selections)))
}

output "restore_role_arn" {
  description = "Role to hand to a restore job, known while planning; null in the region that does not back up."
  value       = one([for r in aws_iam_role.restore : "arn:${module.labels.partition}:iam::${var.account_id}:role/${r.name}"])
  depends_on  = [aws_iam_role_policy.restore]
}
