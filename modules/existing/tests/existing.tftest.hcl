mock_provider "aws" {
  mock_data "aws_s3_bucket" {
    defaults = {
      arn = "arn:aws:s3:::legacy-documents"
    }
  }

  mock_data "aws_dynamodb_table" {
    defaults = {
      arn          = "arn:aws:dynamodb:us-east-1:123456789012:table/legacy"
      billing_mode = "PROVISIONED"
    }
  }

  mock_data "aws_resourcegroupstaggingapi_resources" {
    defaults = {
      resource_tag_mapping_list = [
        { resource_arn = "arn:aws:s3:::b", tags = {}, compliance_details = [] },
        { resource_arn = "arn:aws:s3:::a", tags = {}, compliance_details = [] },
      ]
    }
  }
}

run "nothing_by_default" {
  command = plan

  assert {
    condition     = alltrue([for o in [output.buckets, output.tables, output.roles, output.topic_arns, output.functions, output.event_bus_arns, output.discovered_arns] : length(o) == 0])
    error_message = "Something is looked up that nobody asked for."
  }
}

run "looked_up" {
  command = plan

  variables {
    buckets  = { documents = "legacy-documents" }
    tables   = { metadata = "legacy" }
    discover = { feed = { tags = { application = ["feed"] }, types = ["s3"] } }
  }

  assert {
    condition     = output.buckets.documents.name == "legacy-documents" && output.buckets.documents.arn == "arn:aws:s3:::legacy-documents"
    error_message = "The bucket is not there under its key."
  }

  assert {
    condition     = output.tables.metadata.billing_mode == "PROVISIONED"
    error_message = "What a global table needs cannot be seen."
  }

  assert {
    condition     = output.discovered_arns.feed == tolist(["arn:aws:s3:::a", "arn:aws:s3:::b"])
    error_message = "The discovered ARNs are not sorted, so that plans would flap."
  }
}

run "refuses_to_list_everything" {
  command = plan

  variables {
    discover = { all = { tags = {} } }
  }

  expect_failures = [var.discover]
}

run "refuses_to_discover_its_own" {
  command = plan

  variables {
    discover = { own = { tags = { migration-phase = [] } } }
  }

  expect_failures = [var.discover]
}

run "refuses_arns_for_names" {
  command = plan

  variables {
    buckets     = { a = "arn:aws:s3:::legacy" }
    tables      = { a = "arn:aws:dynamodb:us-east-1:123456789012:table/legacy" }
    roles       = { a = "arn:aws:iam::123456789012:role/legacy" }
    topics      = { a = "arn:aws:sns:us-east-1:123456789012:legacy" }
    functions   = { a = "arn:aws:lambda:us-east-1:123456789012:function:legacy" }
    event_buses = { a = "arn:aws:events:us-east-1:123456789012:event-bus/legacy" }
  }

  expect_failures = [var.buckets, var.tables, var.roles, var.topics, var.functions, var.event_buses]
}
