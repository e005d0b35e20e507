mock_provider "aws" {}

variables {
  environment   = "dev-a1"
  account_id    = "123456789012"
  source_region = "us-east-1"
  target_region = "eu-west-1"
}

run "one_role_a_direction" {
  command = plan

  assert {
    condition = output.replication_role_arns == {
      us-east-1 = "arn:aws:iam::123456789012:role/dev-a1-global-iam-s3-replication-us-east-1"
      eu-west-1 = "arn:aws:iam::123456789012:role/dev-a1-global-iam-s3-replication-eu-west-1"
    }
    error_message = "The roles are not known while planning, by the region of the bucket they read."
  }

  assert {
    condition = [for s in jsondecode(aws_iam_role_policy.replication["us-east-1"].policy).Statement : s.Resource[0]] == [
      "arn:aws:s3:::dev-a1-us-east-1-s3-documents-123456789012",
      "arn:aws:s3:::dev-a1-us-east-1-s3-documents-123456789012/*",
      "arn:aws:s3:::dev-a1-eu-west-1-s3-documents-123456789012/*",
    ]
    error_message = "The role reaches other buckets than its own two, or the wrong way round."
  }

  assert {
    condition     = jsondecode(aws_iam_role_policy.replication["eu-west-1"].policy).Statement[2].Resource == ["arn:aws:s3:::dev-a1-us-east-1-s3-documents-123456789012/*"]
    error_message = "The way back does not write into the source's bucket."
  }

  assert {
    condition     = alltrue([for r in aws_iam_role.replication : jsondecode(r.assume_role_policy).Statement[0].Principal.Service == "s3.amazonaws.com" && !can(jsondecode(r.assume_role_policy).Statement[0].Condition)])
    error_message = "S3 assumes the role without conditions unless they are asked for: it fails silently where S3 does not send them."
  }
}

run "one_batch_role_a_region" {
  command = plan

  assert {
    condition     = output.batch_role_arns["eu-west-1"] == "arn:aws:iam::123456789012:role/dev-a1-global-iam-s3-batch-eu-west-1"
    error_message = "The batch role is not known while planning."
  }

  assert {
    condition = toset(flatten([for s in jsondecode(aws_iam_role_policy.batch["eu-west-1"].policy).Statement : s.Resource])) == toset([
      "arn:aws:s3:::dev-a1-eu-west-1-s3-documents-123456789012",
      "arn:aws:s3:::dev-a1-eu-west-1-s3-documents-123456789012/*",
      "arn:aws:s3:::dev-a1-eu-west-1-s3-ops-123456789012/*",
    ])
    error_message = "The batch role reaches beyond its region's two buckets."
  }
}

run "conditions_on_request" {
  command = plan

  variables {
    service_trust_source_account = true
    permissions_boundary         = "arn:aws:iam::123456789012:policy/boundary"
  }

  assert {
    condition     = alltrue([for r in concat(values(aws_iam_role.replication), values(aws_iam_role.batch)) : jsondecode(r.assume_role_policy).Statement[0].Condition.StringEquals["aws:SourceAccount"] == "123456789012"])
    error_message = "The trust is not limited to this account."
  }

  assert {
    condition     = alltrue([for r in concat(values(aws_iam_role.replication), values(aws_iam_role.batch)) : r.permissions_boundary == "arn:aws:iam::123456789012:policy/boundary"])
    error_message = "A role is outside the boundary."
  }
}

run "existing_bucket" {
  command = plan

  variables {
    documents_bucket_names = { us-east-1 = "legacy-documents" }
  }

  assert {
    condition     = jsondecode(aws_iam_role_policy.replication["us-east-1"].policy).Statement[0].Resource == ["arn:aws:s3:::legacy-documents"]
    error_message = "The role does not reach the existing bucket."
  }
}

run "single_region" {
  command = plan

  variables {
    target_region = null
  }

  assert {
    condition     = length(aws_iam_role.replication) == 0 && length(aws_iam_role.batch) == 0
    error_message = "There are replication roles without a second region."
  }
}

run "longest_names_fit" {
  command = plan

  variables {
    environment   = "abcdefghij-123456789"
    target_region = "ap-southeast-2"
  }

  assert {
    condition     = alltrue([for r in concat(values(aws_iam_role.replication), values(aws_iam_role.batch)) : length(r.name) <= 64])
    error_message = "The longest environment does not fit into a role name."
  }
}

run "refuses_no_policy_as_boundary" {
  command = plan

  variables {
    permissions_boundary = "boundary"
  }

  expect_failures = [var.permissions_boundary]
}

run "refuses_one_region_twice" {
  command = plan

  variables {
    target_region = "us-east-1"
  }

  expect_failures = [var.target_region]
}
