# One run a type with a name of exactly as many characters as AWS takes, and one with a character more.
variables {
  environment = "dev-a1"
  region      = "eu-west-1"
  account_id  = "123456789012"
}

run "backup_plan_at_its_limit" {
  command = plan

  variables {
    purposes = { aws_backup_plan = [join("", [for i in range(26) : "x"])] }
  }

  assert {
    condition     = length(one(values(output.names.aws_backup_plan))) == 50
    error_message = "A name of 50 characters does not pass as it is."
  }
}

run "backup_plan_beyond_its_limit" {
  command = plan

  variables {
    purposes = { aws_backup_plan = [join("", [for i in range(27) : "x"])] }
  }

  expect_failures = [output.names]
}

run "backup_selection_at_its_limit" {
  command = plan

  variables {
    purposes = { aws_backup_selection = [join("", [for i in range(26) : "x"])] }
  }

  assert {
    condition     = length(one(values(output.names.aws_backup_selection))) == 50
    error_message = "A name of 50 characters does not pass as it is."
  }
}

run "backup_selection_beyond_its_limit" {
  command = plan

  variables {
    purposes = { aws_backup_selection = [join("", [for i in range(27) : "x"])] }
  }

  expect_failures = [output.names]
}

run "backup_vault_at_its_limit" {
  command = plan

  variables {
    purposes = { aws_backup_vault = [join("", [for i in range(26) : "x"])] }
  }

  assert {
    condition     = length(one(values(output.names.aws_backup_vault))) == 50
    error_message = "A name of 50 characters does not pass as it is."
  }
}

run "backup_vault_beyond_its_limit" {
  command = plan

  variables {
    purposes = { aws_backup_vault = [join("", [for i in range(27) : "x"])] }
  }

  expect_failures = [output.names]
}

run "cloudwatch_composite_alarm_at_its_limit" {
  command = plan

  variables {
    purposes = { aws_cloudwatch_composite_alarm = [join("", [for i in range(227) : "x"])] }
  }

  assert {
    condition     = length(one(values(output.names.aws_cloudwatch_composite_alarm))) == 255
    error_message = "A name of 255 characters does not pass as it is."
  }
}

run "cloudwatch_composite_alarm_beyond_its_limit" {
  command = plan

  variables {
    purposes = { aws_cloudwatch_composite_alarm = [join("", [for i in range(228) : "x"])] }
  }

  expect_failures = [output.names]
}

run "cloudwatch_dashboard_at_its_limit" {
  command = plan

  variables {
    purposes = { aws_cloudwatch_dashboard = [join("", [for i in range(227) : "x"])] }
  }

  assert {
    condition     = length(one(values(output.names.aws_cloudwatch_dashboard))) == 255
    error_message = "A name of 255 characters does not pass as it is."
  }
}

run "cloudwatch_dashboard_beyond_its_limit" {
  command = plan

  variables {
    purposes = { aws_cloudwatch_dashboard = [join("", [for i in range(228) : "x"])] }
  }

  expect_failures = [output.names]
}

run "cloudwatch_event_archive_at_its_limit" {
  command = plan

  variables {
    purposes = { aws_cloudwatch_event_archive = [join("", [for i in range(24) : "x"])] }
  }

  assert {
    condition     = length(one(values(output.names.aws_cloudwatch_event_archive))) == 48
    error_message = "A name of 48 characters does not pass as it is."
  }
}

run "cloudwatch_event_archive_beyond_its_limit" {
  command = plan

  variables {
    purposes = { aws_cloudwatch_event_archive = [join("", [for i in range(25) : "x"])] }
  }

  expect_failures = [output.names]
}

run "cloudwatch_event_bus_at_its_limit" {
  command = plan

  variables {
    purposes = { aws_cloudwatch_event_bus = [join("", [for i in range(232) : "x"])] }
  }

  assert {
    condition     = length(one(values(output.names.aws_cloudwatch_event_bus))) == 256
    error_message = "A name of 256 characters does not pass as it is."
  }
}

run "cloudwatch_event_bus_beyond_its_limit" {
  command = plan

  variables {
    purposes = { aws_cloudwatch_event_bus = [join("", [for i in range(233) : "x"])] }
  }

  expect_failures = [output.names]
}

run "cloudwatch_event_rule_at_its_limit" {
  command = plan

  variables {
    purposes = { aws_cloudwatch_event_rule = [join("", [for i in range(40) : "x"])] }
  }

  assert {
    condition     = length(one(values(output.names.aws_cloudwatch_event_rule))) == 64
    error_message = "A name of 64 characters does not pass as it is."
  }
}

run "cloudwatch_event_rule_beyond_its_limit" {
  command = plan

  variables {
    purposes = { aws_cloudwatch_event_rule = [join("", [for i in range(41) : "x"])] }
  }

  expect_failures = [output.names]
}

run "cloudwatch_log_resource_policy_at_its_limit" {
  command = plan

  variables {
    purposes = { aws_cloudwatch_log_resource_policy = [join("", [for i in range(234) : "x"])] }
  }

  assert {
    condition     = length(one(values(output.names.aws_cloudwatch_log_resource_policy))) == 256
    error_message = "A name of 256 characters does not pass as it is."
  }
}

run "cloudwatch_log_resource_policy_beyond_its_limit" {
  command = plan

  variables {
    purposes = { aws_cloudwatch_log_resource_policy = [join("", [for i in range(235) : "x"])] }
  }

  expect_failures = [output.names]
}

run "cloudwatch_metric_alarm_at_its_limit" {
  command = plan

  variables {
    purposes = { aws_cloudwatch_metric_alarm = [join("", [for i in range(227) : "x"])] }
  }

  assert {
    condition     = length(one(values(output.names.aws_cloudwatch_metric_alarm))) == 255
    error_message = "A name of 255 characters does not pass as it is."
  }
}

run "cloudwatch_metric_alarm_beyond_its_limit" {
  command = plan

  variables {
    purposes = { aws_cloudwatch_metric_alarm = [join("", [for i in range(228) : "x"])] }
  }

  expect_failures = [output.names]
}

run "datasync_task_at_its_limit" {
  command = plan

  variables {
    purposes = { aws_datasync_task = [join("", [for i in range(230) : "x"])] }
  }

  assert {
    condition     = length(one(values(output.names.aws_datasync_task))) == 256
    error_message = "A name of 256 characters does not pass as it is."
  }
}

run "datasync_task_beyond_its_limit" {
  command = plan

  variables {
    purposes = { aws_datasync_task = [join("", [for i in range(231) : "x"])] }
  }

  expect_failures = [output.names]
}

run "dynamodb_global_table_at_its_limit" {
  command = plan

  variables {
    purposes = { aws_dynamodb_global_table = [join("", [for i in range(232) : "x"])] }
  }

  assert {
    condition     = length(one(values(output.names.aws_dynamodb_global_table))) == 255
    error_message = "A name of 255 characters does not pass as it is."
  }
}

run "dynamodb_global_table_beyond_its_limit" {
  command = plan

  variables {
    purposes = { aws_dynamodb_global_table = [join("", [for i in range(233) : "x"])] }
  }

  expect_failures = [output.names]
}

run "dynamodb_table_at_its_limit" {
  command = plan

  variables {
    purposes = { aws_dynamodb_table = [join("", [for i in range(229) : "x"])] }
  }

  assert {
    condition     = length(one(values(output.names.aws_dynamodb_table))) == 255
    error_message = "A name of 255 characters does not pass as it is."
  }
}

run "dynamodb_table_beyond_its_limit" {
  command = plan

  variables {
    purposes = { aws_dynamodb_table = [join("", [for i in range(230) : "x"])] }
  }

  expect_failures = [output.names]
}

run "iam_role_at_its_limit" {
  command = plan

  variables {
    purposes = { aws_iam_role = [join("", [for i in range(46) : "x"])] }
  }

  assert {
    condition     = length(one(values(output.names.aws_iam_role))) == 64
    error_message = "A name of 64 characters does not pass as it is."
  }
}

run "iam_role_beyond_its_limit" {
  command = plan

  variables {
    purposes = { aws_iam_role = [join("", [for i in range(47) : "x"])] }
  }

  expect_failures = [output.names]
}

run "lambda_function_at_its_limit" {
  command = plan

  variables {
    purposes = { aws_lambda_function = [join("", [for i in range(40) : "x"])] }
  }

  assert {
    condition     = length(one(values(output.names.aws_lambda_function))) == 64
    error_message = "A name of 64 characters does not pass as it is."
  }
}

run "lambda_function_beyond_its_limit" {
  command = plan

  variables {
    purposes = { aws_lambda_function = [join("", [for i in range(41) : "x"])] }
  }

  expect_failures = [output.names]
}

run "s3_bucket_at_its_limit" {
  command = plan

  variables {
    purposes = { aws_s3_bucket = [join("", [for i in range(30) : "x"])] }
  }

  assert {
    condition     = length(one(values(output.names.aws_s3_bucket))) == 63
    error_message = "A name of 63 characters does not pass as it is."
  }
}

run "s3_bucket_beyond_its_limit" {
  command = plan

  variables {
    purposes = { aws_s3_bucket = [join("", [for i in range(31) : "x"])] }
  }

  expect_failures = [output.names]
}

run "s3control_multi_region_access_point_at_its_limit" {
  command = plan

  variables {
    purposes = { aws_s3control_multi_region_access_point = [join("", [for i in range(31) : "x"])] }
  }

  assert {
    condition     = length(one(values(output.names.aws_s3control_multi_region_access_point))) == 50
    error_message = "A name of 50 characters does not pass as it is."
  }
}

run "s3control_multi_region_access_point_beyond_its_limit" {
  command = plan

  variables {
    purposes = { aws_s3control_multi_region_access_point = [join("", [for i in range(32) : "x"])] }
  }

  expect_failures = [output.names]
}

run "sfn_state_machine_at_its_limit" {
  command = plan

  variables {
    purposes = { aws_sfn_state_machine = [join("", [for i in range(59) : "x"])] }
  }

  assert {
    condition     = length(one(values(output.names.aws_sfn_state_machine))) == 80
    error_message = "A name of 80 characters does not pass as it is."
  }
}

run "sfn_state_machine_beyond_its_limit" {
  command = plan

  variables {
    purposes = { aws_sfn_state_machine = [join("", [for i in range(60) : "x"])] }
  }

  expect_failures = [output.names]
}

run "sns_topic_at_its_limit" {
  command = plan

  variables {
    purposes = { aws_sns_topic = [join("", [for i in range(235) : "x"])] }
  }

  assert {
    condition     = length(one(values(output.names.aws_sns_topic))) == 256
    error_message = "A name of 256 characters does not pass as it is."
  }
}

run "sns_topic_beyond_its_limit" {
  command = plan

  variables {
    purposes = { aws_sns_topic = [join("", [for i in range(236) : "x"])] }
  }

  expect_failures = [output.names]
}

run "sqs_queue_at_its_limit" {
  command = plan

  variables {
    purposes = { aws_sqs_queue = [join("", [for i in range(59) : "x"])] }
  }

  assert {
    condition     = length(one(values(output.names.aws_sqs_queue))) == 80
    error_message = "A name of 80 characters does not pass as it is."
  }
}

run "sqs_queue_beyond_its_limit" {
  command = plan

  variables {
    purposes = { aws_sqs_queue = [join("", [for i in range(60) : "x"])] }
  }

  expect_failures = [output.names]
}

run "ssm_parameter_at_its_limit" {
  command = plan

  variables {
    purposes = { aws_ssm_parameter = [join("", [for i in range(990) : "x"])] }
  }

  assert {
    condition     = length(one(values(output.names.aws_ssm_parameter))) == 1011
    error_message = "A name of 1011 characters does not pass as it is."
  }
}

run "ssm_parameter_beyond_its_limit" {
  command = plan

  variables {
    purposes = { aws_ssm_parameter = [join("", [for i in range(991) : "x"])] }
  }

  expect_failures = [output.names]
}
