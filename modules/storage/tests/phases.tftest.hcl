# What the lifecycle may do in each phase: nothing that moves or deletes a document before soak.
mock_provider "aws" {}

variables {
  environment = "dev-a1"
  account_id  = "123456789012"
  region      = "us-east-1"
  region_role = "source"
}

run "assess" {
  command = plan

  variables {
    migration_phase = "assess"
  }

  assert {
    condition     = [for r in local.documents_rules : r.id] == ["unfinished-uploads"] && local.documents_rules[0].abort_multipart_days == 7
    error_message = "Only unfinished uploads may go."
  }
}

run "cutover" {
  command = plan

  variables {
    migration_phase = "cutover"
  }

  assert {
    condition     = [for r in local.documents_rules : r.id] == ["unfinished-uploads"]
    error_message = "Only unfinished uploads may go."
  }
}

run "rollback" {
  command = plan

  variables {
    migration_phase = "rollback"
  }

  assert {
    condition     = [for r in local.documents_rules : r.id] == ["unfinished-uploads"]
    error_message = "Only unfinished uploads may go."
  }
}

run "soak" {
  command = plan

  variables {
    migration_phase         = "soak"
    noncurrent_version_days = 365
  }

  assert {
    condition     = [for r in local.documents_rules : r.id] == ["unfinished-uploads", "old-versions"] && local.documents_rules[1].noncurrent_expiration_days == 365
    error_message = "From soak on old versions expire, after the days that were asked for."
  }
}

run "finalize_source" {
  command = plan

  variables {
    migration_phase = "finalize"
  }

  assert {
    condition     = [for r in local.documents_rules : r.id] == ["unfinished-uploads", "old-versions", "finalize"] && local.documents_rules[2].transition.storage_class == "GLACIER_IR"
    error_message = "The source's documents move to a cheaper class."
  }
}

run "finalize_target" {
  command = plan

  variables {
    migration_phase = "finalize"
    region          = "eu-west-1"
    region_role     = "target"
  }

  assert {
    condition     = [for r in local.documents_rules : r.id] == ["unfinished-uploads", "old-versions"]
    error_message = "The target's documents stay where they are unless a class is asked for."
  }
}
