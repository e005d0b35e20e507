# Every name and ARN is built from inputs: keys and policies are known in the first plan. The peer's vault is named, not
# referenced: each of the two regions' units would wait for the other.
locals {
  vault_name      = module.labels.names.aws_backup_vault["vault"]
  peer_vault_name = module.labels.names_in[var.peer_region].aws_backup_vault["vault"]
  peer_vault_arn  = "arn:${module.labels.partition}:backup:${var.peer_region}:${var.account_id}:backup-vault:${local.peer_vault_name}"

  # One region backs up: the tables are global, and the documents' copies would be backed up twice.
  backs_up = var.region_role == var.backup_from

  table_arns = [for purpose in sort(tolist(var.dynamodb.tables)) :
    "arn:${module.labels.partition}:dynamodb:${var.region}:${var.account_id}:table/${var.table_names[purpose]}"
  ]
  documents_arn = "arn:${module.labels.partition}:s3:::${var.documents_bucket}"

  selections = local.backs_up ? merge(
    var.dynamodb.enabled ? { tables = local.table_arns } : {},
    var.documents.enabled ? { docs = [local.documents_arn] } : {},
  ) : {}

  rules = concat(
    [{
      name            = "daily"
      schedule        = var.daily.schedule
      retention_days  = var.daily.retention_days
      copy_days       = var.daily.copy_retention_days
      cold_after_days = null
    }],
    [for m in var.monthly[*] : {
      name            = "monthly"
      schedule        = m.schedule
      retention_days  = m.retention_days
      copy_days       = m.copy_retention_days
      cold_after_days = m.cold_after_days
    }],
  )
}

resource "aws_backup_vault" "this" {
  # checkov:skip=CKV_AWS_166: encrypted by AWS; a customer key outlives a destroy by seven days, and nothing may be left
  name          = local.vault_name
  force_destroy = true

  timeouts {
    delete = "24h"
  }
}

# Governance mode: whoever may delete the lock can. Compliance mode (changeable_for_days) can never be undone: it is left out.
resource "aws_backup_vault_lock_configuration" "this" {
  count = var.governance_lock.enabled ? 1 : 0

  backup_vault_name  = aws_backup_vault.this.name
  min_retention_days = var.governance_lock.min_retention_days
  max_retention_days = var.governance_lock.max_retention_days
}

# Of the whole account in this region: off unless this estate owns the account.
resource "aws_backup_region_settings" "this" {
  count = var.region_settings == null ? 0 : 1

  resource_type_opt_in_preference     = var.region_settings.opt_in
  resource_type_management_preference = var.region_settings.management
}

resource "aws_backup_plan" "this" {
  count = local.backs_up ? 1 : 0

  name = module.labels.names.aws_backup_plan["plan"]

  dynamic "rule" {
    for_each = local.rules

    content {
      rule_name         = rule.value.name
      target_vault_name = aws_backup_vault.this.name
      schedule          = rule.value.schedule
      start_window      = var.start_window_minutes
      completion_window = var.completion_window_minutes

      lifecycle {
        delete_after       = rule.value.retention_days
        cold_storage_after = rule.value.cold_after_days
      }

      dynamic "copy_action" {
        for_each = rule.value.copy_days > 0 ? [rule.value.copy_days] : []

        content {
          destination_vault_arn = local.peer_vault_arn

          lifecycle {
            delete_after       = copy_action.value
            cold_storage_after = rule.value.cold_after_days
          }
        }
      }
    }
  }
}

resource "aws_backup_selection" "this" {
  for_each = local.selections

  name         = module.labels.names.aws_backup_selection[each.key]
  plan_id      = aws_backup_plan.this[0].id
  iam_role_arn = "arn:${module.labels.partition}:iam::${var.account_id}:role/${aws_iam_role.backup[0].name}"
  resources    = each.value

  # AWS Backup asks whether it may assume the role.
  depends_on = [aws_iam_role_policy.backup]
}
