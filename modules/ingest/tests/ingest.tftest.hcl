mock_provider "aws" {
  mock_resource "aws_datasync_location_nfs" {
    defaults = { arn = "arn:aws:datasync:us-east-1:123456789012:location/loc-0123456789abcdef0" }
  }
  mock_resource "aws_datasync_location_smb" {
    defaults = { arn = "arn:aws:datasync:us-east-1:123456789012:location/loc-0123456789abcdef1" }
  }
  mock_resource "aws_datasync_location_s3" {
    defaults = { arn = "arn:aws:datasync:us-east-1:123456789012:location/loc-0123456789abcdef2" }
  }
}

variables {
  environment      = "dev-a1"
  account_id       = "123456789012"
  region           = "us-east-1"
  documents_bucket = "dev-a1-us-east-1-s3-documents-123456789012"
}

run "nothing_by_default" {
  command = plan

  assert {
    condition     = length(aws_datasync_task.this) == 0 && length(aws_iam_role.this) == 0 && output.log_group_name == null
    error_message = "Without sources there is nothing to make."
  }
}

run "a_share" {
  variables {
    sources = {
      archive = {
        kind       = "nfs"
        host       = "files.example.com"
        path       = "/export/archive"
        prefix     = "incoming/archive/"
        agent_arns = ["arn:aws:datasync:us-east-1:123456789012:agent/agent-0123456789abcdef0"]
      }
      office = {
        kind       = "smb"
        host       = "office.example.com"
        user       = "reader"
        agent_arns = ["arn:aws:datasync:us-east-1:123456789012:agent/agent-0123456789abcdef0"]
        schedule   = "cron(0 2 * * ? *)"
      }
    }
    secrets = { office = "not-a-real-password" }
  }

  assert {
    condition     = aws_datasync_task.this["archive"].name == "dev-a1-us-east-1-datasync-archive" && aws_datasync_location_s3.documents["archive"].subdirectory == "/incoming/archive/"
    error_message = "The task does not lead where it should."
  }

  assert {
    condition     = alltrue([for t in aws_datasync_task.this : t.options[0].preserve_deleted_files == "PRESERVE" && t.options[0].verify_mode == "ONLY_FILES_TRANSFERRED"])
    error_message = "A task deletes documents, or does not verify what it copied."
  }

  assert {
    condition     = length(aws_datasync_task.this["archive"].schedule) == 0 && length(aws_datasync_task.this["office"].schedule) == 1
    error_message = "Only a source with a schedule runs by itself."
  }

  assert {
    condition = toset(flatten([for s in jsondecode(aws_iam_role_policy.this[0].policy).Statement : s.Resource])) == toset([
      "arn:aws:s3:::dev-a1-us-east-1-s3-documents-123456789012",
      "arn:aws:s3:::dev-a1-us-east-1-s3-documents-123456789012/incoming/*",
      "arn:aws:s3:::dev-a1-us-east-1-s3-documents-123456789012/incoming/archive/*",
    ])
    error_message = "The role reaches beyond the sources' prefixes."
  }

  assert {
    condition     = jsondecode(aws_iam_role.this[0].assume_role_policy).Statement[0].Condition.StringEquals["aws:SourceAccount"] == "123456789012"
    error_message = "DataSync may take the role on behalf of another account."
  }
}

run "longest_names_fit" {
  command = plan

  variables {
    environment = "abcdefghij-123456789"
    region      = "ap-southeast-2"
  }

  assert {
    condition     = length(local.role_name) <= 64
    error_message = "The longest environment does not fit."
  }
}

run "refuses_an_unknown_kind" {
  command = plan

  variables {
    sources = { a = { kind = "ftp", host = "h", agent_arns = ["arn:aws:datasync:us-east-1:123456789012:agent/agent-0"] } }
  }

  expect_failures = [var.sources]
}

run "refuses_a_source_without_agent" {
  command = plan

  variables {
    sources = { a = { kind = "nfs", host = "h", agent_arns = [] } }
  }

  expect_failures = [var.sources]
}

run "refuses_a_share_without_user" {
  command = plan

  variables {
    sources = { a = { kind = "smb", host = "h", agent_arns = ["arn:aws:datasync:us-east-1:123456789012:agent/agent-0"] } }
    secrets = { a = "not-a-real-password" }
  }

  expect_failures = [var.sources]
}

run "refuses_a_share_without_password_and_a_password_without_share" {
  command = plan

  variables {
    sources = { a = { kind = "smb", host = "h", user = "reader", agent_arns = ["arn:aws:datasync:us-east-1:123456789012:agent/agent-0"] } }
    secrets = { b = "not-a-real-password" }
  }

  expect_failures = [var.secrets]
}

run "refuses_a_prefix_without_end" {
  command = plan

  variables {
    sources = { a = { kind = "nfs", host = "h", prefix = "incoming", agent_arns = ["arn:aws:datasync:us-east-1:123456789012:agent/agent-0"] } }
  }

  expect_failures = [var.sources]
}

run "refuses_odd_settings" {
  command = plan

  variables {
    log_retention_days   = 42
    permissions_boundary = "boundary"
  }

  expect_failures = [var.log_retention_days, var.permissions_boundary]
}

run "refuses_names_that_are_none" {
  command = plan

  variables {
    documents_bucket = "arn:aws:s3:::documents"
  }

  expect_failures = [var.documents_bucket]
}
