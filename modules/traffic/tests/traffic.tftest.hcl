mock_provider "aws" {
  mock_resource "aws_s3control_multi_region_access_point" {
    defaults = { alias = "mfzwi23gnjvgw.mrap" }
  }
}

variables {
  environment           = "dev-a1"
  account_id            = "123456789012"
  region                = "us-east-1"
  region_role           = "source"
  source_region         = "us-east-1"
  documents_bucket      = "dev-a1-us-east-1-s3-documents-123456789012"
  peer_documents_bucket = "dev-a1-eu-west-1-s3-documents-123456789012"
}

run "source" {
  command = plan

  assert {
    condition     = output.active_region_parameter == "dev-a1-us-east-1-ssm-active-region" && output.active_region_parameter_arn == "arn:aws:ssm:us-east-1:123456789012:parameter/dev-a1-us-east-1-ssm-active-region"
    error_message = "Name and ARN of the parameter are not known while planning."
  }

  assert {
    condition     = jsondecode(aws_ssm_parameter.active_region.value) == { active_region = "us-east-1", epoch = 1, state = "active" }
    error_message = "The source is active before the first switch."
  }

  assert {
    condition     = output.access_point_name == "dev-a1-global-mrap-documents"
    error_message = "The access point's name is not known while planning."
  }

  assert {
    condition     = toset([for r in aws_s3control_multi_region_access_point.documents[0].details[0].region : r.bucket]) == toset([var.documents_bucket, var.peer_documents_bucket])
    error_message = "The access point does not lead to both buckets."
  }

  assert {
    condition     = alltrue(values(aws_s3control_multi_region_access_point.documents[0].details[0].public_access_block[0]))
    error_message = "The access point lets the public in."
  }
}

run "applied" {
  assert {
    condition     = output.access_point_arn == "arn:aws:s3::123456789012:accesspoint/mfzwi23gnjvgw.mrap"
    error_message = "Clients call an access point by its alias."
  }

  assert {
    condition     = alltrue([for s in jsondecode(aws_s3control_multi_region_access_point_policy.documents[0].details[0].policy).Statement : s.Effect == "Deny" && contains(s.Resource, "${output.access_point_arn}/object/*")])
    error_message = "The access point's policy grants something, or leaves the objects out."
  }
}

# The value of the first run stays, whatever is configured later.
run "the_value_belongs_to_the_switch" {
  variables {
    region_role   = "target"
    source_region = "eu-west-1"
  }

  assert {
    condition     = jsondecode(aws_ssm_parameter.active_region.value).active_region == "us-east-1"
    error_message = "An apply would switch traffic."
  }
}

run "target" {
  command = plan

  variables {
    region                = "eu-west-1"
    region_role           = "target"
    documents_bucket      = "dev-a1-eu-west-1-s3-documents-123456789012"
    peer_documents_bucket = "dev-a1-us-east-1-s3-documents-123456789012"
  }

  assert {
    condition     = length(aws_s3control_multi_region_access_point.documents) == 0 && output.access_point_name == null && output.access_point_arn == null
    error_message = "There would be two access points."
  }

  assert {
    condition     = output.active_region_parameter == "dev-a1-eu-west-1-ssm-active-region"
    error_message = "Each region has its own copy of the parameter."
  }
}

run "without_access_point" {
  command = plan

  variables {
    access_point = { enabled = false }
  }

  assert {
    condition     = length(aws_s3control_multi_region_access_point.documents) == 0 && length(aws_s3control_multi_region_access_point_policy.documents) == 0
    error_message = "There is an access point although it is off."
  }
}

run "longest_names_fit" {
  command = plan

  variables {
    environment   = "abcdefghij-123456789"
    region        = "ap-southeast-2"
    source_region = "ap-southeast-2"
  }

  assert {
    condition     = length(output.access_point_name) <= 50
    error_message = "The longest environment does not fit into an access point's name."
  }
}

run "refuses_a_region_without_role" {
  command = plan

  variables {
    region_role = "bystander"
  }

  expect_failures = [var.region_role]
}

run "refuses_a_source_that_is_no_region" {
  command = plan

  variables {
    source_region = "america"
  }

  expect_failures = [var.source_region]
}

run "refuses_the_name_of_no_bucket" {
  command = plan

  variables {
    documents_bucket = "Documents"
  }

  expect_failures = [var.documents_bucket]
}

run "refuses_the_name_of_no_peer_bucket" {
  command = plan

  variables {
    peer_documents_bucket = "x"
  }

  expect_failures = [var.peer_documents_bucket]
}

run "refuses_one_bucket_twice" {
  command = plan

  variables {
    peer_documents_bucket = "dev-a1-us-east-1-s3-documents-123456789012"
  }

  expect_failures = [var.peer_documents_bucket]
}

run "refuses_a_source_elsewhere" {
  command = plan

  variables {
    source_region = "eu-west-1"
  }

  expect_failures = [var.source_region]
}

run "refuses_a_target_that_is_the_source" {
  command = plan

  variables {
    region_role = "target"
  }

  expect_failures = [var.source_region]
}

run "refuses_a_name_that_is_awss_own" {
  command = plan

  variables {
    environment = "ssm-a1"
  }

  expect_failures = [aws_ssm_parameter.active_region]
}

run "refuses_routes_where_nobody_can_move_them" {
  command = plan

  variables {
    region        = "eu-central-1"
    source_region = "eu-central-1"
  }

  expect_failures = [var.access_point]
}

run "follows_the_parameter_alone_elsewhere" {
  command = plan

  variables {
    region        = "eu-central-1"
    source_region = "eu-central-1"
    access_point  = { enabled = false }
  }

  assert {
    condition     = output.active_region_parameter == "dev-a1-eu-central-1-ssm-active-region"
    error_message = "A region without routes cannot have the parameter either."
  }
}
