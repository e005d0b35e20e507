mock_provider "aws" {}

variables {
  environment               = "dev-a1"
  account_id                = "123456789012"
  region                    = "eu-west-1"
  peer_region               = "us-east-1"
  region_role               = "target"
  alerts_topic_arn          = "arn:aws:sns:eu-west-1:123456789012:dev-a1-eu-west-1-sns-alerts"
  event_bus_name            = "dev-a1-eu-west-1-events-migration"
  documents_bucket          = "here"
  peer_documents_bucket     = "there"
  request_metrics_filter_id = "EntireBucket"
  table_names = {
    metadata    = "dev-a1-global-dynamodb-metadata"
    control     = "dev-a1-global-dynamodb-control"
    checkpoints = "dev-a1-global-dynamodb-checkpoints"
  }
}

run "names" {
  command = plan

  assert {
    condition     = output.composite_alarm_name == "dev-a1-eu-west-1-cloudwatch-not-ready-for-cutover" && output.alarm_names["heartbeat-lag"] == "dev-a1-eu-west-1-cloudwatch-heartbeat-lag"
    error_message = "Alarms are not known while planning."
  }

  assert {
    condition     = output.dashboard_name == null
    error_message = "The dashboard of both regions is made twice."
  }
}

run "longest_names_fit" {
  command = plan

  variables {
    environment = "abcdefghij-123456789"
    region_role = "source"
  }

  assert {
    condition     = max([for name in values(output.alarm_names) : length(name)]...) <= 255 && length(aws_cloudwatch_composite_alarm.not_ready.alarm_rule) <= 10240
    error_message = "The longest environment does not fit into an alarm's name, or into the composite alarm's rule."
  }
}

run "s3_metrics_by_side" {
  command = plan

  assert {
    condition = alltrue([for purpose in ["s3-replication-latency", "s3-replication-bytes-pending", "s3-replication-operations-pending"] :
      aws_cloudwatch_metric_alarm.this[purpose].dimensions == tomap({ SourceBucket = "there", DestinationBucket = "here", RuleId = "documents-to-peer" }) && aws_cloudwatch_metric_alarm.this[purpose].statistic == "Maximum" && aws_cloudwatch_metric_alarm.this[purpose].treat_missing_data == "ignore"
    ])
    error_message = "Latency and what is pending are published in the destination's region: the alarm is about what comes here."
  }

  assert {
    condition     = aws_cloudwatch_metric_alarm.this["s3-replication-failed"].dimensions == tomap({ SourceBucket = "here", DestinationBucket = "there", RuleId = "documents-to-peer" }) && aws_cloudwatch_metric_alarm.this["s3-replication-failed"].statistic == "Sum" && aws_cloudwatch_metric_alarm.this["s3-replication-failed"].treat_missing_data == "notBreaching"
    error_message = "Failures are published in the source's region: the alarm is about what goes from here."
  }
}

run "sides_can_be_corrected" {
  command = plan

  variables {
    s3_metric_sides = { operations_pending = "source" }
  }

  assert {
    condition     = aws_cloudwatch_metric_alarm.this["s3-replication-operations-pending"].dimensions["SourceBucket"] == "here" && aws_cloudwatch_metric_alarm.this["s3-replication-latency"].dimensions["SourceBucket"] == "there"
    error_message = "The side of one metric is not taken, or that of another changes too."
  }
}

run "tables" {
  command = plan

  assert {
    condition     = aws_cloudwatch_metric_alarm.this["dynamodb-metadata-replication-latency"].dimensions == tomap({ TableName = "dev-a1-global-dynamodb-metadata", ReceivingRegion = "us-east-1" }) && aws_cloudwatch_metric_alarm.this["dynamodb-metadata-replication-latency"].statistic == "Average" && aws_cloudwatch_metric_alarm.this["dynamodb-metadata-replication-latency"].threshold == 1000
    error_message = "The latency is published in the writing region, with the receiving one as dimension, and knows no percentile."
  }

  assert {
    condition     = length(aws_cloudwatch_metric_alarm.this["dynamodb-metadata-throttled-requests"].metric_query) == 6 && one([for q in aws_cloudwatch_metric_alarm.this["dynamodb-metadata-throttled-requests"].metric_query : q.expression if q.return_data == true]) == "SUM(METRICS())"
    error_message = "ThrottledRequests are counted by operation."
  }

  assert {
    condition     = alltrue([for purpose, a in aws_cloudwatch_metric_alarm.this : a.treat_missing_data == "ignore" if startswith(purpose, "dynamodb-")])
    error_message = "CloudWatch ignores missing data of DynamoDB: anything else only looks as if it alarmed."
  }

  assert {
    condition     = aws_cloudwatch_metric_alarm.this["dynamodb-idempotency-write-throttles"].dimensions["TableName"] == "dev-a1-eu-west-1-dynamodb-idempotency" && !contains(keys(aws_cloudwatch_metric_alarm.this), "dynamodb-idempotency-replication-latency")
    error_message = "The regional table is not watched, or as if it had a replica."
  }

  assert {
    condition     = aws_cloudwatch_metric_alarm.this["dynamodb-metadata-write-capacity"].threshold == 1920000
    error_message = "80 % of 40,000 units a second are 1,920,000 a minute."
  }
}

run "functions" {
  command = plan

  assert {
    condition     = aws_cloudwatch_metric_alarm.this["lambda-verifier-duration"].extended_statistic == "p99" && aws_cloudwatch_metric_alarm.this["lambda-verifier-duration"].threshold == 240000 && aws_cloudwatch_metric_alarm.this["lambda-verifier-duration"].evaluate_low_sample_count_percentiles == "ignore" && aws_cloudwatch_metric_alarm.this["lambda-verifier-duration"].statistic == null
    error_message = "The 99th percentile of the duration is not compared with the timeout."
  }

  assert {
    condition     = aws_cloudwatch_metric_alarm.this["lambda-ingest-errors"].datapoints_to_alarm == 2 && aws_cloudwatch_metric_alarm.this["lambda-ingest-errors"].evaluation_periods == 3 && aws_cloudwatch_metric_alarm.this["lambda-ingest-errors"].dimensions["FunctionName"] == "dev-a1-eu-west-1-lambda-ingest"
    error_message = "Errors do not alarm in two minutes of three."
  }

  assert {
    condition     = [for purpose, _ in aws_cloudwatch_metric_alarm.this : purpose if endswith(purpose, "-iterator-age")] == ["lambda-stream-consumer-iterator-age"] && contains(keys(aws_cloudwatch_metric_alarm.this), "lambda-heartbeat-async-dropped") && !contains(keys(aws_cloudwatch_metric_alarm.this), "lambda-ingest-async-dropped")
    error_message = "A function is watched for what cannot happen to it, or not for what can."
  }
}

run "queues_rules_and_machines" {
  command = plan

  assert {
    condition     = aws_cloudwatch_metric_alarm.this["sqs-ingest-dead-letters"].dimensions["QueueName"] == "dev-a1-eu-west-1-sqs-ingest-dead" && aws_cloudwatch_metric_alarm.this["sqs-events-dead-letters"].statistic == "Maximum"
    error_message = "Dead letters go unnoticed."
  }

  # A verifier's message comes back after half an hour.
  assert {
    condition     = aws_cloudwatch_metric_alarm.this["sqs-ingest-age"].threshold == 360 && aws_cloudwatch_metric_alarm.this["sqs-verifier-age"].threshold == 1800
    error_message = "One repetition alarms and closes the gate, or old messages go unnoticed."
  }

  assert {
    condition     = aws_cloudwatch_metric_alarm.this["events-forward-failed"].dimensions == tomap({ RuleName = "dev-a1-eu-west-1-events-forward", EventBusName = "dev-a1-eu-west-1-events-migration" }) && aws_cloudwatch_metric_alarm.this["events-heartbeat-failed"].dimensions == tomap({ RuleName = "dev-a1-eu-west-1-events-heartbeat" })
    error_message = "Rules of the default bus have no bus as dimension, others have."
  }

  assert {
    condition     = aws_cloudwatch_metric_alarm.this["sfn-cutover-failed"].dimensions["StateMachineArn"] == "arn:aws:states:eu-west-1:123456789012:stateMachine:dev-a1-eu-west-1-sfn-cutover" && !contains(keys(aws_cloudwatch_metric_alarm.this), "sfn-rollback-failed")
    error_message = "The target runs the cutover, the source the rollback."
  }
}

run "the_heartbeat_alarms_when_it_stops" {
  command = plan

  assert {
    condition     = alltrue([for purpose in ["heartbeat-lag", "heartbeat-sentinel", "heartbeat-peer-silence"] : aws_cloudwatch_metric_alarm.this[purpose].treat_missing_data == "breaching" && aws_cloudwatch_metric_alarm.this[purpose].statistic == "Maximum"])
    error_message = "A heartbeat that stopped looks healthy."
  }

  assert {
    condition     = aws_cloudwatch_metric_alarm.this["heartbeat-lag"].dimensions == tomap({ environment = "dev-a1", service = "heartbeat", from_region = "eu-west-1", to_region = "us-east-1" }) && aws_cloudwatch_metric_alarm.this["heartbeat-lag"].threshold == 1000
    error_message = "The measured lag is not what is compared with a second."
  }

  assert {
    condition     = alltrue([for purpose, a in aws_cloudwatch_metric_alarm.this : a.treat_missing_data != "breaching" || startswith(purpose, "heartbeat-")])
    error_message = "An idle night would alarm."
  }
}

run "readiness" {
  command = plan

  assert {
    condition     = alltrue([for name in output.blocking_alarm_names : strcontains(aws_cloudwatch_composite_alarm.not_ready.alarm_rule, "ALARM(\"${name}\")")]) && length(output.blocking_alarm_names) <= 100
    error_message = "The composite alarm does not look at every blocking alarm."
  }

  assert {
    condition     = contains(output.blocking_alarm_names, output.alarm_names["heartbeat-lag"]) && contains(output.blocking_alarm_names, output.alarm_names["checksum-mismatch"]) && !contains(output.blocking_alarm_names, output.alarm_names["lambda-ingest-duration"])
    error_message = "The wrong alarms stand in the way of a cutover."
  }

  assert {
    condition     = alltrue([for a in aws_cloudwatch_metric_alarm.this : a.alarm_actions == toset(["arn:aws:sns:eu-west-1:123456789012:dev-a1-eu-west-1-sns-alerts"])])
    error_message = "An alarm tells nobody."
  }
}

run "dashboard_of_both_regions" {
  command = plan

  variables {
    region           = "us-east-1"
    peer_region      = "eu-west-1"
    region_role      = "source"
    alerts_topic_arn = "arn:aws:sns:us-east-1:123456789012:dev-a1-us-east-1-sns-alerts"
  }

  assert {
    condition     = output.dashboard_name == "dev-a1-us-east-1-cloudwatch-migration"
    error_message = "The source's unit makes the dashboard."
  }

  assert {
    condition     = toset([for w in jsondecode(aws_cloudwatch_dashboard.both[0].dashboard_body).widgets : w.properties.region if w.type == "metric"]) == toset(["us-east-1", "eu-west-1"]) && length(jsondecode(aws_cloudwatch_dashboard.both[0].dashboard_body).widgets) == 29
    error_message = "The dashboard does not show both regions."
  }

  # What waits on the way from us-east-1 is published in eu-west-1.
  assert {
    condition     = [for m in one([for w in jsondecode(aws_cloudwatch_dashboard.both[0].dashboard_body).widgets : w if try(w.properties.title, "") == "us-east-1: S3 replication from here: latency and what waits"]).properties.metrics : m[8].region] == ["eu-west-1", "eu-west-1", "eu-west-1"]
    error_message = "A widget asks the wrong region and stays empty."
  }

  assert {
    condition     = alltrue([for w in jsondecode(aws_cloudwatch_dashboard.both[0].dashboard_body).widgets : w.x + w.width <= 24])
    error_message = "A widget does not fit the grid."
  }
}

run "without_request_metrics" {
  command = plan

  variables {
    region_role               = "source"
    request_metrics_filter_id = null
  }

  assert {
    condition     = length(jsondecode(aws_cloudwatch_dashboard.both[0].dashboard_body).widgets) == 27
    error_message = "Empty widgets are shown."
  }
}

run "refuses_odd_roles_sides_and_thresholds" {
  command = plan

  variables {
    region_role     = "bystander"
    s3_metric_sides = { failed = "middle" }
    thresholds      = { capacity_percent = 101 }
    functions       = { ingest = { timeout_seconds = 60, invoked = "by hand" } }
  }

  expect_failures = [var.region_role, var.s3_metric_sides, var.thresholds, var.functions]
}

run "refuses_odd_identities" {
  command = plan

  variables {
    peer_region       = "eu-west-1"
    metrics_namespace = "AWS/S3"
  }

  expect_failures = [var.peer_region, var.metrics_namespace]
}

run "refuses_what_would_never_get_data" {
  command = plan

  variables {
    alerts_topic_arn      = "arn:aws:sns:us-east-1:123456789012:alerts"
    event_bus_name        = "default"
    table_names           = { metadata = "m" }
    replication_rule_id   = ""
    documents_bucket      = "Documents"
    peer_documents_bucket = "d"
  }

  expect_failures = [var.alerts_topic_arn, var.table_names, var.event_bus_name, var.replication_rule_id, var.documents_bucket, var.peer_documents_bucket]
}

run "patience_is_never_shorter_than_asked" {
  command = plan

  variables {
    queues     = ["ingest", "verifier", "of-another-module"]
    thresholds = { queue_age_seconds = 600 }
  }

  assert {
    condition     = [for purpose in ["ingest", "of-another-module", "verifier"] : aws_cloudwatch_metric_alarm.this["sqs-${purpose}-age"].threshold] == [600, 600, 1800]
    error_message = "A queue's patience is the longer of what is asked and of one repetition."
  }
}
