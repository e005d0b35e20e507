mock_provider "aws" {}

variables {
  environment   = "dev-a1"
  account_id    = "123456789012"
  source_region = "us-east-1"
  target_region = "eu-west-1"

  ops_functions      = ["gate"]
  ops_state_machines = ["migration"]

  cross_account_roles = {
    ops = {
      principal_arns  = ["arn:aws:iam::444455556666:role/operators"]
      external_id     = "an-external-id-of-some-length"
      organization_id = "o-a1b2c3d4e5"
      require_mfa     = true
    }
    ingest = {
      principal_arns = ["arn:aws:iam::777788889999:root"]
      external_id    = "another-external-id-of-length"
      source_cidrs   = ["198.51.100.0/24"]
    }
  }
}

run "trust" {
  command = plan

  assert {
    condition = jsondecode(aws_iam_role.cross_account["ops"].assume_role_policy).Statement[0].Condition == {
      StringEquals = { "sts:ExternalId" = "an-external-id-of-some-length", "aws:PrincipalOrgID" = "o-a1b2c3d4e5" }
      Bool         = { "aws:MultiFactorAuthPresent" = "true" }
    }
    error_message = "The operators' trust lacks a condition."
  }

  assert {
    condition = jsondecode(aws_iam_role.cross_account["ingest"].assume_role_policy).Statement[0].Condition == {
      StringEquals = { "sts:ExternalId" = "another-external-id-of-length" }
      IpAddress    = { "aws:SourceIp" = ["198.51.100.0/24"] }
    }
    error_message = "The feed's trust lacks a condition."
  }

  assert {
    condition     = output.cross_account_role_arns.ops == "arn:aws:iam::123456789012:role/dev-a1-global-iam-ops"
    error_message = "The role's ARN is not known while planning."
  }
}

run "no_action_is_a_wildcard" {
  command = plan

  assert {
    condition = alltrue(flatten([for p in values(aws_iam_role_policy.cross_account) :
      [for s in jsondecode(p.policy).Statement : [for a in s.Action : !strcontains(a, "*")]]
    ]))
    error_message = "A policy allows a family of actions instead of naming them."
  }

  assert {
    condition = alltrue(flatten([for p in values(aws_iam_role_policy.cross_account) :
      [for s in jsondecode(p.policy).Statement : s.Resource != ["*"] || can(s.Condition.StringEquals["aws:RequestedRegion"])]
    ]))
    error_message = "A statement on all resources is not limited to the two regions."
  }
}

run "ops_reads_no_document" {
  command = plan

  assert {
    condition = alltrue([for s in jsondecode(aws_iam_role_policy.cross_account["ops"].policy).Statement :
      !strcontains(jsonencode(s.Resource), "s3-documents") if length(setintersection(s.Action, ["s3:GetObject", "s3:GetObjectVersion"])) > 0
    ])
    error_message = "Operators can read documents."
  }

  assert {
    condition = one([for s in jsondecode(aws_iam_role_policy.cross_account["ops"].policy).Statement : s.Resource if contains(s.Action, "lambda:InvokeFunction")]) == [
      "arn:aws:lambda:eu-west-1:123456789012:function:dev-a1-eu-west-1-lambda-gate",
      "arn:aws:lambda:us-east-1:123456789012:function:dev-a1-us-east-1-lambda-gate",
    ]
    error_message = "Operators can invoke other functions than those named."
  }

  assert {
    condition     = one([for s in jsondecode(aws_iam_role_policy.cross_account["ops"].policy).Statement : s.Condition.StringEquals["iam:PassedToService"] if contains(s.Action, "iam:PassRole")]) == "batchoperations.s3.amazonaws.com"
    error_message = "Operators can hand the batch role to another service."
  }
}

run "ingest_only_writes_below_its_prefix" {
  command = plan

  assert {
    condition = flatten([for s in jsondecode(aws_iam_role_policy.cross_account["ingest"].policy).Statement : s.Resource]) == [
      "arn:aws:s3:::dev-a1-eu-west-1-s3-documents-123456789012/incoming/*",
      "arn:aws:s3:::dev-a1-us-east-1-s3-documents-123456789012/incoming/*",
      "arn:aws:s3::123456789012:accesspoint/*.mrap/object/incoming/*",
    ]
    error_message = "The feed can write elsewhere, or cannot follow the routes."
  }
}

run "nothing_to_invoke" {
  command = plan

  variables {
    ops_functions      = []
    ops_state_machines = []
  }

  assert {
    condition     = !strcontains(aws_iam_role_policy.cross_account["ops"].policy, "lambda:") && !strcontains(aws_iam_role_policy.cross_account["ops"].policy, "states:")
    error_message = "A statement without resources is left."
  }
}

run "no_roles_by_default" {
  command = plan

  variables {
    cross_account_roles = {}
  }

  assert {
    condition     = length(aws_iam_role.cross_account) == 0
    error_message = "Other accounts are trusted without being named."
  }
}

run "refuses_everybody" {
  command = plan

  variables {
    cross_account_roles = { ops = { principal_arns = ["*"], external_id = "an-external-id-of-some-length" } }
  }

  expect_failures = [var.cross_account_roles]
}

run "refuses_nobody" {
  command = plan

  variables {
    cross_account_roles = { ops = { principal_arns = [], external_id = "an-external-id-of-some-length" } }
  }

  expect_failures = [var.cross_account_roles]
}

run "refuses_a_short_external_id" {
  command = plan

  variables {
    cross_account_roles = { ops = { principal_arns = ["arn:aws:iam::444455556666:root"], external_id = "short" } }
  }

  expect_failures = [var.cross_account_roles]
}

run "refuses_another_role" {
  command = plan

  variables {
    cross_account_roles = { admin = { principal_arns = ["arn:aws:iam::444455556666:root"], external_id = "an-external-id-of-some-length" } }
  }

  expect_failures = [var.cross_account_roles]
}

run "refuses_a_bad_organization" {
  command = plan

  variables {
    cross_account_roles = { ops = { principal_arns = ["arn:aws:iam::444455556666:root"], external_id = "an-external-id-of-some-length", organization_id = "acme" } }
  }

  expect_failures = [var.cross_account_roles]
}

run "refuses_a_short_session" {
  command = plan

  variables {
    cross_account_roles = { ops = { principal_arns = ["arn:aws:iam::444455556666:root"], external_id = "an-external-id-of-some-length", max_session_seconds = 60 } }
  }

  expect_failures = [var.cross_account_roles]
}

run "refuses_a_prefix_with_wildcard" {
  command = plan

  variables {
    ingest_prefix = "in*/"
  }

  expect_failures = [var.ingest_prefix]
}

run "refuses_names_that_are_none" {
  command = plan

  variables {
    documents_bucket_names = { ap-south-1 = "legacy-documents" }
  }

  expect_failures = [var.documents_bucket_names]
}
