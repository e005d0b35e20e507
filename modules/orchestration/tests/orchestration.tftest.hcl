mock_provider "aws" {}

variables {
  environment       = "dev-a1"
  account_id        = "123456789012"
  region            = "us-east-1"
  region_role       = "source"
  source_region     = "us-east-1"
  target_region     = "eu-west-1"
  documents_bucket  = "dev-a1-us-east-1-s3-documents-123456789012"
  ops_bucket        = "dev-a1-us-east-1-s3-ops-123456789012"
  checkpoints_table = "dev-a1-global-dynamodb-checkpoints"
  event_bus_name    = "dev-a1-us-east-1-events-migration"
  function_arns     = { for purpose in ["batch-starter", "gate-check", "ingest", "traffic-switch", "verifier"] : purpose => "arn:aws:lambda:us-east-1:123456789012:function:dev-a1-us-east-1-lambda-${purpose}" }
}

run "source" {
  command = plan

  assert {
    condition = output.machine_arns == {
      migration = "arn:aws:states:us-east-1:123456789012:stateMachine:dev-a1-us-east-1-sfn-migration"
      rollback  = "arn:aws:states:us-east-1:123456789012:stateMachine:dev-a1-us-east-1-sfn-rollback"
    }
    error_message = "The source runs the migration and the rollback, and their ARNs are known while planning."
  }

  assert {
    condition     = output.log_group_names.migration == "/aws/vendedlogs/states/dev-a1-us-east-1-sfn-migration"
    error_message = "Logs of machines go to /aws/vendedlogs."
  }

  assert {
    condition     = alltrue([for m in aws_sfn_state_machine.this : m.tracing_configuration[0].enabled && m.logging_configuration[0].level == "ALL" && endswith(m.logging_configuration[0].log_destination, ":*")])
    error_message = "A machine goes unlogged or untraced."
  }

  assert {
    condition     = jsondecode(aws_sfn_state_machine.this["rollback"].definition).States.Fence.Parameters.Payload.to == "us-east-1"
    error_message = "The rollback does not give the traffic to the source."
  }

  assert {
    condition     = jsondecode(aws_sfn_state_machine.this["migration"].definition).States.Assess.Parameters.FunctionName == "arn:aws:lambda:us-east-1:123456789012:function:dev-a1-us-east-1-lambda-gate-check"
    error_message = "The machine does not call this region's function."
  }
}

# yamldecode reads some short words as truth values: an attribute type `N` would come out as `false`.
run "names_stay_as_they_are_written" {
  command = plan

  assert {
    condition     = jsondecode(aws_sfn_state_machine.this["migration"].definition).States.ClaimPhase.Parameters.ExpressionAttributeValues[":one"]["N"] == "1"
    error_message = "The count of attempts is no number to DynamoDB."
  }

  assert {
    condition     = alltrue([for m in aws_sfn_state_machine.this : length(regexall("\"(true|false)\":", m.definition)) == 0])
    error_message = "A name has become a truth value: quote it in the template."
  }

  assert {
    condition     = jsondecode(aws_sfn_state_machine.this["rollback"].definition).States.Defaults.Result.preflight_checks == ["active-in-source", "lag:eu-west-1-to-us-east-1"]
    error_message = "A rollback asks for the alarms that it is for."
  }
}

run "target" {
  command = plan

  variables {
    region        = "eu-west-1"
    region_role   = "target"
    function_arns = { for purpose in ["batch-starter", "gate-check", "ingest", "traffic-switch", "verifier"] : purpose => "arn:aws:lambda:eu-west-1:123456789012:function:dev-a1-eu-west-1-lambda-${purpose}" }
  }

  assert {
    condition     = keys(output.machine_arns) == ["cutover"] && jsondecode(aws_sfn_state_machine.this["cutover"].definition).States.Fence.Parameters.Payload.to == "eu-west-1"
    error_message = "The cutover runs in the target, and gives the traffic to it."
  }

  assert {
    condition     = length([for s in jsondecode(aws_iam_role_policy.this["cutover"].policy).Statement : s if s.Sid == "KeepCheckpoints"]) == 0
    error_message = "The cutover has no business with the checkpoints."
  }
}

run "copies_where_asked_for" {
  command = plan

  variables {
    region        = "eu-west-1"
    region_role   = "target"
    function_arns = { for purpose in ["batch-starter", "gate-check", "ingest", "traffic-switch", "verifier"] : purpose => "arn:aws:lambda:eu-west-1:123456789012:function:dev-a1-eu-west-1-lambda-${purpose}" }
    machines      = { source = ["migration", "rollback"], target = ["cutover", "rollback"] }
  }

  assert {
    condition     = jsondecode(aws_sfn_state_machine.this["rollback"].definition).States.Fence.Parameters.Payload.to == "us-east-1"
    error_message = "A copy of the rollback gives the traffic to the source too."
  }
}

run "least_privilege" {
  command = plan

  assert {
    condition = alltrue(flatten([for p in aws_iam_role_policy.this : [for s in jsondecode(p.policy).Statement : [
      for r in s.Resource : r != "*" || s.Sid == "Observe"
    ]]]))
    error_message = "A statement other than for log deliveries and traces names everything."
  }

  assert {
    condition     = toset([for s in jsondecode(aws_iam_role_policy.this["rollback"].policy).Statement : s.Sid]) == toset(["InvokeFunctions", "SendEvents", "Observe"])
    error_message = "The rollback may do more than it does."
  }

  assert {
    condition     = alltrue([for r in aws_iam_role.this : jsondecode(r.assume_role_policy).Statement[0].Condition.StringEquals["aws:SourceAccount"] == "123456789012"])
    error_message = "Step Functions may take the role on behalf of another account."
  }
}

run "settings_reach_the_definitions" {
  command = plan

  variables {
    event_bus_name   = "other-bus"
    default_prefixes = ["contracts/", "invoices/"]
    waived_checks    = { "state-locks" = "no lock table in this environment" }
    polling          = { migration_seconds = 2, route_seconds = 3 }
    wave_concurrency = 4
    pause_days       = 2
  }

  assert {
    condition = (
      jsondecode(aws_sfn_state_machine.this["migration"].definition).States.Defaults.Result.prefixes == ["contracts/", "invoices/"] &&
      jsondecode(aws_sfn_state_machine.this["migration"].definition).States.Defaults.Result.waive["state-locks"] == "no lock table in this environment" &&
      jsondecode(aws_sfn_state_machine.this["migration"].definition).States.Defaults.Result.poll_seconds == 2 &&
      jsondecode(aws_sfn_state_machine.this["rollback"].definition).States.Defaults.Result.route_seconds == 3 &&
      jsondecode(aws_sfn_state_machine.this["migration"].definition).States.SeedWaves.MaxConcurrency == 4 &&
      jsondecode(aws_sfn_state_machine.this["migration"].definition).States.AwaitResume.TimeoutSeconds == 172800 &&
      jsondecode(aws_sfn_state_machine.this["migration"].definition).States.AnnouncePhase.Parameters.Entries[0].EventBusName == "other-bus"
    )
    error_message = "An input does not reach the definition."
  }
}

run "longest_names_fit" {
  command = plan

  variables {
    environment   = "abcdefghij-123456789"
    region        = "ap-southeast-2"
    source_region = "ap-southeast-2"
    function_arns = { for purpose in ["batch-starter", "gate-check", "ingest", "traffic-switch", "verifier"] : purpose => "arn:aws:lambda:ap-southeast-2:123456789012:function:${purpose}" }
  }

  assert {
    condition     = alltrue(concat([for n in values(local.names) : length(n) <= 80], [for n in values(local.role_names) : length(n) <= 64]))
    error_message = "The longest environment does not fit."
  }
}

run "refuses_machines_that_are_none" {
  command = plan

  variables {
    machines = { source = ["party"], target = [] }
  }

  expect_failures = [var.machines]
}

run "refuses_a_wave_without_prefix" {
  command = plan

  variables {
    default_prefixes = [""]
  }

  expect_failures = [var.default_prefixes]
}

run "refuses_to_waive_without_a_reason" {
  command = plan

  variables {
    waived_checks = { "state-locks" = "" }
  }

  expect_failures = [var.waived_checks]
}

run "refuses_more_polls_than_a_history_holds" {
  command = plan

  variables {
    polling = { migration_most = 5000 }
  }

  expect_failures = [var.polling]
}

run "refuses_odd_numbers" {
  command = plan

  variables {
    pause_days         = 400
    function_seconds   = 1000
    wave_concurrency   = 0
    verification       = { seconds = 900 }
    log_retention_days = 42
  }

  expect_failures = [var.pause_days, var.function_seconds, var.wave_concurrency, var.verification, var.log_retention_days]
}

run "refuses_names_that_are_none" {
  command = plan

  variables {
    region_role          = "source"
    target_region        = "us-east-1"
    permissions_boundary = "boundary"
  }

  expect_failures = [var.target_region, var.permissions_boundary]
}

run "refuses_a_source_that_is_no_region" {
  command = plan

  variables {
    source_region = "america"
  }

  expect_failures = [var.source_region]
}

run "refuses_a_target_that_is_no_region" {
  command = plan

  variables {
    target_region = "europe"
  }

  expect_failures = [var.target_region]
}

run "refuses_machines_in_the_wrong_region" {
  command = plan

  variables {
    region_role = "target"
  }

  expect_failures = [var.region]
}

run "refuses_names_of_nothing" {
  command = plan

  variables {
    documents_bucket  = "Documents"
    ops_bucket        = "x"
    checkpoints_table = "t"
    event_bus_name    = "a bus"
    function_arns     = { verifier = "Verifier" }
  }

  expect_failures = [var.documents_bucket, var.ops_bucket, var.checkpoints_table, var.event_bus_name, var.function_arns]
}

run "no_batch_outgrows_a_payload" {
  command = plan

  assert {
    condition = alltrue([for purpose in ["ImportInventory", "ImportListing", "VerifyInventory", "VerifyListing"] :
      try(jsondecode(aws_sfn_state_machine.this["migration"].definition).States[purpose].ItemBatcher.MaxInputBytesPerBatch < 262144, false)
    ])
    error_message = "500 rows with long keys are more than the 256 KiB that a child takes: the map would fail."
  }
}
