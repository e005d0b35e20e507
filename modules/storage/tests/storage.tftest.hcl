mock_provider "aws" {}

variables {
  environment     = "dev-a1"
  account_id      = "123456789012"
  region          = "us-east-1"
  region_role     = "source"
  migration_phase = "assess"
}

run "names" {
  command = plan

  assert {
    condition     = output.documents_bucket == "dev-a1-us-east-1-s3-documents-123456789012" && output.documents_bucket_arn == "arn:aws:s3:::dev-a1-us-east-1-s3-documents-123456789012"
    error_message = "Name and ARN of the documents bucket are not known while planning."
  }

  assert {
    condition     = output.ops_bucket == "dev-a1-us-east-1-s3-ops-123456789012" && output.ops_bucket_arn == "arn:aws:s3:::dev-a1-us-east-1-s3-ops-123456789012"
    error_message = "Name and ARN of the ops bucket are not known while planning."
  }
}

run "longest_names_fit" {
  command = plan

  variables {
    environment = "abcdefghij-123456789"
    region      = "ap-southeast-2"
  }

  assert {
    condition     = length(output.documents_bucket) <= 63
    error_message = "The longest environment does not fit into a bucket name."
  }
}

run "inventory" {
  command = plan

  assert {
    condition     = aws_s3_bucket_inventory.documents[0].included_object_versions == "All" && aws_s3_bucket_inventory.documents[0].destination[0].bucket[0].format == "CSV"
    error_message = "Verification compares all versions, as CSV."
  }

  assert {
    condition     = output.inventory_prefix == "inventory/dev-a1-us-east-1-s3-documents-123456789012/documents"
    error_message = "The inventory's place is not known while planning."
  }

  assert {
    condition     = local.inventory_statement.Condition.StringEquals["aws:SourceAccount"] == "123456789012" && local.inventory_statement.Condition.ArnLike["aws:SourceArn"] == output.documents_bucket_arn
    error_message = "S3 may write inventories of other accounts or buckets into the ops bucket."
  }
}

run "no_inventory" {
  command = plan

  variables {
    inventory = { enabled = false }
  }

  assert {
    condition     = length(aws_s3_bucket_inventory.documents) == 0 && output.inventory_prefix == null
    error_message = "There is an inventory although it is off."
  }
}

run "existing_bucket_is_left_alone" {
  command = plan

  variables {
    documents_bucket = { create = false, name = "legacy-documents" }
  }

  assert {
    condition     = length(module.documents) == 0 && length(aws_s3_bucket_inventory.documents) == 0
    error_message = "Settings of the existing bucket would be replaced."
  }

  assert {
    condition     = output.documents_bucket == "legacy-documents" && output.documents_bucket_arn == "arn:aws:s3:::legacy-documents" && output.request_metrics_filter_id == null
    error_message = "The existing bucket is not the documents bucket."
  }
}

run "adopted_bucket_keeps_its_name" {
  command = plan

  variables {
    documents_bucket = { name = "legacy-documents" }
  }

  assert {
    condition     = length(module.documents) == 1 && output.documents_bucket == "legacy-documents"
    error_message = "The adopted bucket would be replaced."
  }
}

run "refuses_an_existing_bucket_without_name" {
  command = plan

  variables {
    documents_bucket = { create = false }
  }

  expect_failures = [var.documents_bucket]
}

run "refuses_an_unknown_phase" {
  command = plan

  variables {
    migration_phase = "party"
  }

  expect_failures = [var.migration_phase]
}

run "refuses_a_region_without_role" {
  command = plan

  variables {
    region_role = "bystander"
  }

  expect_failures = [var.region_role]
}

run "refuses_a_class_that_is_slow_to_read" {
  command = plan

  variables {
    finalize_transition = { source = "DEEP_ARCHIVE" }
  }

  expect_failures = [var.finalize_transition]
}

run "refuses_an_odd_frequency" {
  command = plan

  variables {
    inventory = { frequency = "Hourly" }
  }

  expect_failures = [var.inventory]
}

run "refuses_no_days" {
  command = plan

  variables {
    abort_multipart_days    = 0
    noncurrent_version_days = 0
    ops_retention_days      = 0
  }

  expect_failures = [var.abort_multipart_days, var.noncurrent_version_days, var.ops_retention_days]
}
