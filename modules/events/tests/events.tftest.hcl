mock_provider "aws" {}

variables {
  environment = "dev-a1"
  account_id  = "123456789012"
  region      = "eu-west-1"
  peer_region = "us-east-1"
}

run "names" {
  command = plan

  assert {
    condition     = output.bus_name == "dev-a1-eu-west-1-events-migration" && output.bus_arn == "arn:aws:events:eu-west-1:123456789012:event-bus/dev-a1-eu-west-1-events-migration"
    error_message = "Name and ARN of the bus are not known while planning."
  }

  assert {
    condition     = output.dead_letter_queue_arn == "arn:aws:sqs:eu-west-1:123456789012:dev-a1-eu-west-1-sqs-events-dead" && output.alerts_topic_arn == "arn:aws:sns:eu-west-1:123456789012:dev-a1-eu-west-1-sns-alerts"
    error_message = "Queue and topic are not known while planning."
  }

  assert {
    condition     = output.log_group == "/aws/events/dev-a1-eu-west-1-events-migration"
    error_message = "EventBridge writes into log groups below /aws/events only."
  }
}

run "longest_names_fit" {
  command = plan

  variables {
    environment = "abcdefghij-123456789"
    region      = "us-east-1"
    peer_region = "eu-west-1"
  }

  assert {
    condition     = length(output.bus_name) <= 64
    error_message = "The longest environment does not fit."
  }
}

run "no_event_goes_round" {
  command = plan

  assert {
    condition     = jsondecode(aws_cloudwatch_event_rule.this["forward"].event_pattern).detail.region == ["eu-west-1"]
    error_message = "Forwarded events would come back."
  }

  assert {
    condition     = jsondecode(aws_cloudwatch_event_rule.this["alert"].event_pattern).detail.region == ["eu-west-1"]
    error_message = "People would be told twice."
  }

  assert {
    condition     = aws_cloudwatch_event_target.this["forward"].arn == "arn:aws:events:us-east-1:123456789012:event-bus/dev-a1-us-east-1-events-migration"
    error_message = "Events are not forwarded to the peer's bus."
  }

  assert {
    condition     = jsondecode(aws_iam_role_policy.forward.policy).Statement == [{ Sid = "SendToThePeer", Effect = "Allow", Action = ["events:PutEvents"], Resource = ["arn:aws:events:us-east-1:123456789012:event-bus/dev-a1-us-east-1-events-migration"] }]
    error_message = "The role may more than send to the peer's bus."
  }
}

run "everything_is_recorded_and_kept_for_a_while" {
  command = plan

  assert {
    condition     = jsondecode(aws_cloudwatch_event_rule.this["record"].event_pattern) == { source = ["docmigration.sync", "docmigration.replication", "docmigration.verify", "docmigration.cutover"] }
    error_message = "The record is not of all events."
  }

  assert {
    condition     = aws_cloudwatch_event_archive.migration.retention_days == 30 && aws_cloudwatch_log_group.record.retention_in_days == 90
    error_message = "Archive and record are kept for ever, or not at all."
  }
}

run "every_target_has_dead_letters" {
  command = plan

  assert {
    condition     = alltrue([for t in aws_cloudwatch_event_target.this : length(t.dead_letter_config) == 1 && length(t.retry_policy) == 1])
    error_message = "An event can be lost."
  }

  assert {
    condition     = jsondecode(aws_sqs_queue.dead.policy).Statement[0].Condition.StringEquals["aws:SourceAccount"] == "123456789012" && length(jsondecode(aws_sqs_queue.dead.policy).Statement[0].Condition.ArnLike["aws:SourceArn"]) == 2
    error_message = "Rules of others may fill the dead letters."
  }
}

run "forwarding_off_keeps_the_rule" {
  command = plan

  variables {
    forward_enabled = false
  }

  assert {
    condition     = aws_cloudwatch_event_rule.this["forward"].state == "DISABLED" && aws_cloudwatch_event_rule.this["record"].state == "ENABLED"
    error_message = "Turning forwarding off touches another rule, or does nothing."
  }
}

run "mails" {
  command = plan

  variables {
    alert_emails = ["operations@example.org"]
  }

  assert {
    condition     = aws_sns_topic_subscription.email["operations@example.org"].protocol == "email"
    error_message = "Nobody is told."
  }
}

run "refuses_an_archive_for_ever" {
  command = plan

  variables {
    archive_days = 0
  }

  expect_failures = [var.archive_days]
}

run "refuses_odd_retention_and_addresses" {
  command = plan

  variables {
    log_retention_days = 42
    alert_emails       = ["nobody"]
    alert_on           = []
    delivery           = { maximum_age_seconds = 1 }
  }

  expect_failures = [var.log_retention_days, var.alert_emails, var.alert_on, var.delivery]
}

run "refuses_its_own_region_as_peer" {
  command = plan

  variables {
    peer_region = "eu-west-1"
  }

  expect_failures = [var.peer_region]
}

run "refuses_odd_identities" {
  command = plan

  variables {
    permissions_boundary = "boundary"
  }

  expect_failures = [var.permissions_boundary]
}

# A condition would keep every alert from the topic: EventBridge fills none in for SNS.
run "rules_reach_people" {
  command = plan

  assert {
    condition     = one([for s in jsondecode(aws_sns_topic.alerts.policy).Statement : s if s.Effect == "Allow" && s.Principal == { Service = "events.amazonaws.com" } && !can(s.Condition)]).Action == "sns:Publish"
    error_message = "EventBridge cannot send alerts to the topic."
  }

  assert {
    condition     = alltrue([for s in jsondecode(aws_sns_topic.alerts.policy).Statement : can(s.Condition.ArnLike["aws:SourceArn"]) if s.Effect == "Allow" && s.Principal != { Service = "events.amazonaws.com" }])
    error_message = "Alarms of other environments may send to the topic."
  }
}
