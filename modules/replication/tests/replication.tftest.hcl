mock_provider "aws" {}

variables {
  region                    = "us-east-1"
  peer_region               = "eu-west-1"
  documents_bucket          = "dev-a1-us-east-1-s3-documents-123456789012"
  documents_bucket_arn      = "arn:aws:s3:::dev-a1-us-east-1-s3-documents-123456789012"
  peer_documents_bucket_arn = "arn:aws:s3:::dev-a1-eu-west-1-s3-documents-123456789012"
  ops_bucket_arn            = "arn:aws:s3:::dev-a1-us-east-1-s3-ops-123456789012"
  replication_role_arns     = { us-east-1 = "arn:aws:iam::123456789012:role/there", eu-west-1 = "arn:aws:iam::123456789012:role/back" }
  batch_role_arns           = { us-east-1 = "arn:aws:iam::123456789012:role/batch-there", eu-west-1 = "arn:aws:iam::123456789012:role/batch-back" }
}

run "one_rule_for_the_whole_bucket" {
  command = plan

  assert {
    condition     = aws_s3_bucket_replication_configuration.documents.role == "arn:aws:iam::123456789012:role/there"
    error_message = "The role is not that of this direction."
  }

  assert {
    condition     = length(aws_s3_bucket_replication_configuration.documents.rule) == 1 && aws_s3_bucket_replication_configuration.documents.rule[0].status == "Enabled" && length(aws_s3_bucket_replication_configuration.documents.rule[0].filter) == 1
    error_message = "One enabled rule of the second version (with a filter) is what replica modifications need."
  }

  assert {
    condition     = aws_s3_bucket_replication_configuration.documents.rule[0].delete_marker_replication[0].status == "Enabled"
    error_message = "Delete markers are not copied."
  }

  assert {
    condition     = aws_s3_bucket_replication_configuration.documents.rule[0].source_selection_criteria[0].replica_modifications[0].status == "Enabled"
    error_message = "Changes of a copy's metadata are not sent back."
  }

  assert {
    condition     = length(aws_s3_bucket_replication_configuration.documents.rule[0].source_selection_criteria[0].sse_kms_encrypted_objects) == 1
    error_message = "Without this block the next change of the bucket's tags is refused or loses replica_modifications."
  }
}

run "no_existing_object_replication_block" {
  command = plan

  assert {
    condition     = alltrue([for r in aws_s3_bucket_replication_configuration.documents.rule : length(r.existing_object_replication) == 0])
    error_message = "AWS refuses existing_object_replication with MalformedXML: existing objects go by batch replication."
  }

  assert {
    condition     = output.batch_replication.role_arn == "arn:aws:iam::123456789012:role/batch-there" && output.batch_replication.source_bucket_arn == "arn:aws:s3:::dev-a1-us-east-1-s3-documents-123456789012"
    error_message = "The batch job gets another role or bucket."
  }

  assert {
    condition     = length(setsubtract(output.batch_replication.statuses, ["NONE", "FAILED"])) == 0
    error_message = "A batch job that takes up replicas or completed objects sends copies back."
  }
}

run "time_control" {
  command = plan

  assert {
    condition     = aws_s3_bucket_replication_configuration.documents.rule[0].destination[0].replication_time[0].time[0].minutes == 15 && aws_s3_bucket_replication_configuration.documents.rule[0].destination[0].metrics[0].event_threshold[0].minutes == 15
    error_message = "Replication time control needs 15 minutes in both places."
  }
}

run "metrics_stay_without_time_control" {
  command = plan

  variables {
    replication_time_control = false
  }

  assert {
    condition     = length(aws_s3_bucket_replication_configuration.documents.rule[0].destination[0].replication_time) == 0 && aws_s3_bucket_replication_configuration.documents.rule[0].destination[0].metrics[0].status == "Enabled"
    error_message = "The replication metrics are gone with the time control."
  }
}

run "switched_off" {
  command = plan

  variables {
    replication_enabled = false
  }

  assert {
    condition     = aws_s3_bucket_replication_configuration.documents.rule[0].status == "Disabled" && output.rule.enabled == false
    error_message = "The rule still copies."
  }
}

run "dimensions_of_the_metrics" {
  command = plan

  assert {
    condition = output.rule == {
      source_bucket      = "dev-a1-us-east-1-s3-documents-123456789012"
      destination_bucket = "dev-a1-eu-west-1-s3-documents-123456789012"
      rule_id            = "documents-to-peer"
      source_region      = "us-east-1"
      destination_region = "eu-west-1"
      enabled            = true
    }
    error_message = "Alarms would watch another metric."
  }
}

run "refuses_the_rule_block" {
  command = plan

  variables {
    existing_object_replication = { mode = "rule_block" }
  }

  expect_failures = [aws_s3_bucket_replication_configuration.documents]
}

run "writes_the_rule_block_when_told_twice" {
  command = plan

  variables {
    existing_object_replication = { mode = "rule_block", accept_unsupported = true }
  }

  assert {
    condition     = aws_s3_bucket_replication_configuration.documents.rule[0].existing_object_replication[0].status == "Enabled" && output.batch_replication == null
    error_message = "The block is missing although it was asked for twice."
  }
}

run "existing_objects_left_alone" {
  command = plan

  variables {
    existing_object_replication = { enabled = false }
  }

  assert {
    condition     = output.batch_replication == null
    error_message = "A batch job is offered although existing objects are to be left alone."
  }
}

run "refuses_an_unknown_mode" {
  command = plan

  variables {
    existing_object_replication = { mode = "magic" }
  }

  expect_failures = [var.existing_object_replication]
}

run "refuses_its_own_region" {
  command = plan

  variables {
    peer_region = "us-east-1"
  }

  expect_failures = [var.peer_region]
}

run "refuses_its_own_bucket" {
  command = plan

  variables {
    peer_documents_bucket_arn = "arn:aws:s3:::dev-a1-us-east-1-s3-documents-123456789012"
  }

  expect_failures = [aws_s3_bucket_replication_configuration.documents]
}

run "refuses_a_name_for_an_arn" {
  command = plan

  variables {
    peer_documents_bucket_arn = "documents"
  }

  expect_failures = [var.peer_documents_bucket_arn]
}

run "refuses_names_that_are_none_and_a_region_without_role" {
  command = plan

  variables {
    documents_bucket      = "Documents"
    ops_bucket_arn        = "reports"
    replication_role_arns = {}
    batch_role_arns       = { us-east-1 = "batch" }
  }

  expect_failures = [var.documents_bucket, var.ops_bucket_arn, var.replication_role_arns, var.batch_role_arns]
}
