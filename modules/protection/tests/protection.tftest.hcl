mock_provider "aws" {}

variables {
  environment      = "dev-a1"
  account_id       = "123456789012"
  region           = "us-east-1"
  region_role      = "source"
  peer_region      = "eu-west-1"
  documents_bucket = "dev-a1-us-east-1-s3-documents-123456789012"
  table_names      = { for purpose in ["metadata", "control", "checkpoints"] : purpose => "dev-a1-global-dynamodb-${purpose}" }
}

run "source" {
  command = plan

  assert {
    condition     = output.vault_name == "dev-a1-us-east-1-backup-vault" && output.vault_arn == "arn:aws:backup:us-east-1:123456789012:backup-vault:dev-a1-us-east-1-backup-vault"
    error_message = "Name and ARN of the vault are not known while planning."
  }

  assert {
    condition     = aws_backup_vault.this.force_destroy && length(aws_backup_vault_lock_configuration.this) == 0
    error_message = "The vault cannot be destroyed."
  }

  assert {
    condition = join(" ", output.protected_arns) == join(" ", [for t in ["checkpoints", "control", "metadata"] :
      "arn:aws:dynamodb:us-east-1:123456789012:table/dev-a1-global-dynamodb-${t}"
    ])
    error_message = "Tables are backed up by default, documents are not."
  }

  assert {
    condition     = [for r in aws_backup_plan.this[0].rule : r.rule_name] == ["daily"] && [for r in aws_backup_plan.this[0].rule : r.lifecycle[0].delete_after] == [35]
    error_message = "Backups are daily and kept 35 days."
  }

  assert {
    condition     = [for c in one(aws_backup_plan.this[0].rule).copy_action : c.destination_vault_arn] == ["arn:aws:backup:eu-west-1:123456789012:backup-vault:dev-a1-eu-west-1-backup-vault"]
    error_message = "The copies do not go to the peer's vault."
  }

  assert {
    condition = toset(flatten([for s in jsondecode(aws_iam_role_policy.backup[0].policy).Statement : s.Resource if contains(s.Action, "backup:CopyFromBackupVault")])) == toset([
      "arn:aws:backup:us-east-1:123456789012:backup-vault:dev-a1-us-east-1-backup-vault",
      "arn:aws:backup:eu-west-1:123456789012:backup-vault:dev-a1-eu-west-1-backup-vault",
      "arn:aws:backup:us-east-1:123456789012:recovery-point:*",
    ])
    error_message = "A copy needs the vaults and the recovery points of this region."
  }

  assert {
    condition     = length(aws_backup_region_settings.this) == 0
    error_message = "Settings of the whole account are touched."
  }

  assert {
    condition     = length([for s in jsondecode(aws_iam_role_policy.backup[0].policy).Statement : s if contains(s.Resource, "*")]) == 0
    error_message = "Without documents, the role needs no resource but the named ones."
  }
}

run "target_receives" {
  command = plan

  variables {
    region           = "eu-west-1"
    region_role      = "target"
    peer_region      = "us-east-1"
    documents_bucket = "dev-a1-eu-west-1-s3-documents-123456789012"
  }

  assert {
    condition     = output.vault_name == "dev-a1-eu-west-1-backup-vault" && length(aws_backup_plan.this) == 0 && length(aws_backup_selection.this) == 0 && length(output.protected_arns) == 0 && output.plan_id == null
    error_message = "The target has a vault and nothing else: one region backs up."
  }
}

run "target_takes_over" {
  command = plan

  variables {
    region           = "eu-west-1"
    region_role      = "target"
    peer_region      = "us-east-1"
    documents_bucket = "dev-a1-eu-west-1-s3-documents-123456789012"
    backup_from      = "target"
  }

  assert {
    condition     = length(aws_backup_plan.this) == 1 && [for c in one(aws_backup_plan.this[0].rule).copy_action : c.destination_vault_arn] == ["arn:aws:backup:us-east-1:123456789012:backup-vault:dev-a1-us-east-1-backup-vault"]
    error_message = "After the soak the target backs up, and the source receives."
  }
}

run "documents_on_request" {
  command = plan

  variables {
    documents = { enabled = true }
    dynamodb  = { enabled = false }
  }

  assert {
    condition     = join(" ", output.protected_arns) == "arn:aws:s3:::dev-a1-us-east-1-s3-documents-123456789012"
    error_message = "The documents bucket is not backed up."
  }

  assert {
    condition     = [for s in jsondecode(aws_iam_role_policy.backup[0].policy).Statement : s.Action if contains(s.Resource, "*")] == [["cloudwatch:GetMetricData", "events:ListRules"]]
    error_message = "The role may do more on everything than AWS leaves no choice about."
  }
}

run "compliance" {
  command = plan

  variables {
    monthly = { retention_days = 2557, cold_after_days = 90 }
  }

  assert {
    condition     = toset([for r in aws_backup_plan.this[0].rule : "${r.rule_name} ${r.lifecycle[0].delete_after}"]) == toset(["daily 35", "monthly 2557"])
    error_message = "The monthly rule keeps its backups for seven years."
  }
}

run "no_copies" {
  command = plan

  variables {
    daily = { copy_retention_days = 0 }
  }

  assert {
    condition     = alltrue([for r in aws_backup_plan.this[0].rule : length(r.copy_action) == 0])
    error_message = "There is a copy although it is off."
  }
}

run "governance_lock" {
  command = plan

  variables {
    governance_lock = { enabled = true, min_retention_days = 7 }
  }

  assert {
    condition     = aws_backup_vault_lock_configuration.this[0].changeable_for_days == null
    error_message = "With changeable_for_days the lock could never be removed."
  }
}

run "account_wide_settings" {
  command = plan

  variables {
    region_settings = { opt_in = { DynamoDB = true, S3 = true } }
  }

  assert {
    condition     = aws_backup_region_settings.this[0].resource_type_management_preference["DynamoDB"]
    error_message = "Cross-region copies of tables need DynamoDB's advanced features."
  }
}

run "longest_names_fit" {
  command = plan

  variables {
    environment = "abcdefghij-123456789"
    region      = "ap-southeast-2"
    documents   = { enabled = true }
  }

  assert {
    condition = alltrue(concat(
      [for s in aws_backup_selection.this : length(s.name) <= 50],
      [length(output.vault_name) <= 50, length(aws_backup_plan.this[0].name) <= 50],
      [for name in values(local.role_names) : length(name) <= 64],
    ))
    error_message = "The longest environment does not fit."
  }
}

run "refuses_cold_storage_that_is_left_early" {
  command = plan

  variables {
    monthly = { retention_days = 100, cold_after_days = 90 }
  }

  expect_failures = [var.monthly]
}

run "refuses_an_odd_schedule" {
  command = plan

  variables {
    daily = { schedule = "nightly" }
  }

  expect_failures = [var.daily]
}

run "refuses_no_tables" {
  command = plan

  variables {
    dynamodb = { tables = [] }
  }

  expect_failures = [var.dynamodb]
}

run "refuses_its_own_vault_for_copies" {
  command = plan

  variables {
    peer_region = "us-east-1"
  }

  expect_failures = [var.peer_region]
}

run "refuses_a_short_start_window" {
  command = plan

  variables {
    start_window_minutes = 30
  }

  expect_failures = [var.start_window_minutes]
}

run "refuses_a_short_completion_window" {
  command = plan

  variables {
    completion_window_minutes = 80
  }

  expect_failures = [var.completion_window_minutes]
}

run "refuses_roles_and_locks_that_are_none" {
  command = plan

  variables {
    region_role          = "bystander"
    backup_from          = "nowhere"
    governance_lock      = { enabled = true, min_retention_days = 0 }
    permissions_boundary = "boundary"
  }

  expect_failures = [var.region_role, var.backup_from, var.governance_lock, var.permissions_boundary]
}

run "refuses_names_that_are_none" {
  command = plan

  variables {
    documents_bucket = "*"
  }

  expect_failures = [var.documents_bucket]
}
