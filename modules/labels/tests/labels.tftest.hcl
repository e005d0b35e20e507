variables {
  environment = "dev-a1"
  region      = "eu-west-1"
  account_id  = "123456789012"
}

run "names" {
  command = plan

  variables {
    other_regions = ["us-east-1"]

    purposes = {
      aws_s3_bucket             = ["documents"]
      aws_sqs_queue             = ["ingest", "ingest-dead"]
      aws_iam_role              = ["ops"]
      aws_dynamodb_table        = ["idempotency"]
      aws_dynamodb_global_table = ["metadata"]
    }
  }

  assert {
    condition     = output.names.aws_sqs_queue == { ingest = "dev-a1-eu-west-1-sqs-ingest", ingest-dead = "dev-a1-eu-west-1-sqs-ingest-dead" }
    error_message = "A name is {environment}-{region}-{service}-{purpose}."
  }

  assert {
    condition     = output.names.aws_s3_bucket["documents"] == "dev-a1-eu-west-1-s3-documents-123456789012"
    error_message = "A bucket's name ends with the account, since it is unique worldwide."
  }

  assert {
    condition     = output.names.aws_iam_role["ops"] == "dev-a1-global-iam-ops" && output.names.aws_dynamodb_global_table["metadata"] == "dev-a1-global-dynamodb-metadata"
    error_message = "What both regions share is global."
  }

  assert {
    condition     = output.names_in["us-east-1"].aws_dynamodb_table["idempotency"] == "dev-a1-us-east-1-dynamodb-idempotency" && output.names_in["us-east-1"].aws_iam_role == output.names.aws_iam_role
    error_message = "The other region's names are not its own, or what is shared differs."
  }

  assert {
    condition     = output.names_in["eu-west-1"] == output.names
    error_message = "The region's own names are not among those by region."
  }

  assert {
    condition     = output.any_name == "dev-a1-eu-west-1-*" && output.any_name_of.aws_cloudwatch_event_rule == "dev-a1-eu-west-1-events-*" && output.any_name_of.aws_dynamodb_global_table == "dev-a1-global-dynamodb-*"
    error_message = "A pattern does not fit the names."
  }
}

run "partition_of_the_region" {
  command = plan

  assert {
    condition     = output.partition == "aws"
    error_message = "eu-west-1 is in the partition aws."
  }
}

run "partition_of_gov_cloud" {
  command = plan

  variables {
    region = "us-gov-west-1"
  }

  assert {
    condition     = output.partition == "aws-us-gov"
    error_message = "us-gov-west-1 is in the partition aws-us-gov."
  }
}

run "partition_of_china" {
  command = plan

  variables {
    region = "cn-northwest-1"
  }

  assert {
    condition     = output.partition == "aws-cn"
    error_message = "cn-northwest-1 is in the partition aws-cn."
  }
}

run "refuses_a_long_environment" {
  command = plan

  variables {
    environment = "a-very-long-environment"
  }

  expect_failures = [var.environment]
}

run "refuses_a_double_hyphen" {
  command = plan

  variables {
    environment = "dev--a1"
  }

  expect_failures = [var.environment]
}

run "refuses_a_short_account_id" {
  command = plan

  variables {
    account_id = "12345678901"
  }

  expect_failures = [var.account_id]
}

run "refuses_no_region" {
  command = plan

  variables {
    region = "europe"
  }

  expect_failures = [var.region]
}

run "refuses_no_other_region" {
  command = plan

  variables {
    other_regions = ["america"]
  }

  expect_failures = [var.other_regions]
}

run "refuses_a_bad_purpose" {
  command = plan

  variables {
    purposes = { aws_sqs_queue = ["Meta Data"] }
  }

  expect_failures = [var.purposes]
}

run "refuses_an_unknown_type" {
  command = plan

  variables {
    purposes = { aws_moon_base = ["one"] }
  }

  expect_failures = [var.purposes]
}
