mock_provider "aws" {}

variables {
  environment           = "dev-a1"
  account_id            = "123456789012"
  region                = "eu-west-1"
  peer_region           = "us-east-1"
  source_region         = "us-east-1"
  documents_bucket      = "dev-a1-eu-west-1-s3-documents-123456789012"
  peer_documents_bucket = "dev-a1-us-east-1-s3-documents-123456789012"
  ops_bucket            = "dev-a1-eu-west-1-s3-ops-123456789012"
  event_bus_name        = "dev-a1-eu-west-1-events-migration"
  event_bus_arn         = "arn:aws:events:eu-west-1:123456789012:event-bus/dev-a1-eu-west-1-events-migration"
  alerts_topic_arn      = "arn:aws:sns:eu-west-1:123456789012:dev-a1-eu-west-1-sns-alerts"
  dead_letter_queue_arn = "arn:aws:sqs:eu-west-1:123456789012:dev-a1-eu-west-1-sqs-events-dead"
  batch_role_arns       = { eu-west-1 = "arn:aws:iam::123456789012:role/dev-a1-global-iam-s3-batch-eu-west-1" }
  packages_directory    = "tests/packages"
  table_names = {
    metadata    = "dev-a1-global-dynamodb-metadata"
    control     = "dev-a1-global-dynamodb-control"
    checkpoints = "dev-a1-global-dynamodb-checkpoints"
  }
  stream_arns = { metadata = { eu-west-1 = "arn:aws:dynamodb:eu-west-1:123456789012:table/dev-a1-global-dynamodb-metadata/stream/1" } }
}

run "names" {
  command = plan

  assert {
    condition     = output.function_names["replication-failures"] == "dev-a1-eu-west-1-lambda-replication-failures" && output.function_arns["ingest"] == "arn:aws:lambda:eu-west-1:123456789012:function:dev-a1-eu-west-1-lambda-ingest"
    error_message = "Functions are not known while planning."
  }

  assert {
    condition     = output.queue_arns["ingest"] == "arn:aws:sqs:eu-west-1:123456789012:dev-a1-eu-west-1-sqs-ingest" && output.dead_letter_queue_names["ingest"] == "dev-a1-eu-west-1-sqs-ingest-dead"
    error_message = "Queues are not known while planning."
  }

  assert {
    condition     = sort(keys(output.function_names)) == tolist(["batch-starter", "gate-check", "heartbeat", "ingest", "replica-ledger", "replication-failures", "stream-consumer", "traffic-switch", "verifier"])
    error_message = "A function is missing."
  }
}

run "longest_names_fit" {
  command = plan

  variables {
    environment = "abcdefghij-123456789"
  }

  assert {
    condition     = max([for name in values(output.function_names) : length(name)]...) <= 64 && max([for name in values(output.dead_letter_queue_names) : length(name)]...) <= 80
    error_message = "The longest environment does not fit."
  }
}

run "functions" {
  command = plan

  assert {
    condition     = alltrue([for f in aws_lambda_function.this : f.runtime == "python3.13" && f.architectures == tolist(["arm64"]) && f.logging_config[0].log_format == "JSON"])
    error_message = "Every function is Python 3.13 on arm64 and writes structured logs."
  }

  assert {
    condition     = aws_lambda_function.this["replica-ledger"].handler == "handlers.replica_ledger.handler" && startswith(aws_lambda_function.this["replica-ledger"].s3_key, "replica-ledger/")
    error_message = "A function does not run its own handler."
  }

  assert {
    condition     = alltrue([for f in aws_lambda_function.this : f.reserved_concurrent_executions == -1])
    error_message = "Functions take concurrency away from others without being told."
  }

  assert {
    condition     = alltrue([for g in aws_cloudwatch_log_group.function : g.retention_in_days == 30])
    error_message = "Logs are kept for ever."
  }

  assert {
    condition     = alltrue([for c in aws_lambda_function_recursion_config.this : c.recursive_loop == "Terminate"]) && length(aws_lambda_function_recursion_config.this) == 9
    error_message = "A loop would not be stopped."
  }
}

run "settings_of_single_functions" {
  command = plan

  variables {
    functions = { ingest = { memory_mb = 512, timeout_seconds = 90, reserved_concurrency = 20, environment = { CONTENT_TYPES = "application/pdf" } } }
  }

  assert {
    condition     = aws_lambda_function.this["ingest"].memory_size == 512 && aws_lambda_function.this["ingest"].timeout == 90 && aws_lambda_function.this["ingest"].reserved_concurrent_executions == 20
    error_message = "The function's settings are not used."
  }

  assert {
    condition     = aws_lambda_function.this["ingest"].environment[0].variables["CONTENT_TYPES"] == "application/pdf" && aws_lambda_function.this["ingest"].environment[0].variables["ENVIRONMENT"] == "dev-a1"
    error_message = "Variables of the function's own replace the others, or are missing."
  }

  assert {
    condition     = aws_sqs_queue.this["ingest"].visibility_timeout_seconds == 540
    error_message = "A message would come back while the function still works on it."
  }
}

run "names_of_both_regions" {
  command = plan

  variables {
    active_region_parameter = "dev-a1-eu-west-1-ssm-active-region"
    access_point_arn        = "arn:aws:s3::123456789012:accesspoint/mabcdefghijkl.mrap"
    lock_table              = "dev-a1-us-east-1-dynamodb-tflock"
    backed_up_arns          = ["arn:aws:dynamodb:us-east-1:123456789012:table/dev-a1-global-dynamodb-metadata"]
  }

  assert {
    condition     = aws_lambda_function.this["traffic-switch"].environment[0].variables["ACTIVE_REGION_PARAMETER"] == "dev-a1-{region}-ssm-active-region"
    error_message = "The switch does not know the peer's parameter."
  }

  assert {
    condition     = aws_lambda_function.this["traffic-switch"].environment[0].variables["DOCUMENTS_BUCKETS"] == "us-east-1=dev-a1-us-east-1-s3-documents-123456789012,eu-west-1=dev-a1-eu-west-1-s3-documents-123456789012"
    error_message = "The switch does not know both buckets."
  }

  assert {
    condition     = length(split(",", aws_lambda_function.this["traffic-switch"].environment[0].variables["QUEUE_URLS"])) == 8 && strcontains(aws_lambda_function.this["traffic-switch"].environment[0].variables["QUEUE_URLS"], "us-east-1=https://sqs.us-east-1.amazonaws.com/123456789012/dev-a1-us-east-1-sqs-ingest")
    error_message = "The switch does not know the queues of both regions."
  }

  assert {
    condition     = length(split(",", aws_lambda_function.this["gate-check"].environment[0].variables["DEAD_LETTER_QUEUES"])) == 10
    error_message = "The gate does not look at every dead letter."
  }

  assert {
    condition     = aws_lambda_function.this["gate-check"].environment[0].variables["TARGET_REGION"] == "eu-west-1" && aws_lambda_function.this["gate-check"].environment[0].variables["BACKED_UP_ARNS"] == "us-east-1=arn:aws:dynamodb:us-east-1:123456789012:table/dev-a1-global-dynamodb-metadata"
    error_message = "The gate looks at the wrong region."
  }

  assert {
    condition     = contains(jsondecode(aws_iam_role_policy.function["traffic-switch"].policy).Statement[*].Sid, "MoveRoutes") && contains(jsondecode(aws_iam_role_policy.function["traffic-switch"].policy).Statement[*].Sid, "PublishActiveRegion")
    error_message = "The switch may not switch."
  }

  assert {
    condition     = contains(jsondecode(aws_iam_role_policy.function["gate-check"].policy).Statement[*].Sid, "ReadLocks") && contains(jsondecode(aws_iam_role_policy.function["gate-check"].policy).Statement[*].Sid, "ListBackups")
    error_message = "The gate may not look."
  }
}

run "without_access_point_nothing_may_move_it" {
  command = plan

  assert {
    condition     = !contains(jsondecode(aws_iam_role_policy.function["traffic-switch"].policy).Statement[*].Sid, "MoveRoutes") && aws_lambda_function.this["traffic-switch"].environment[0].variables["MRAP_ARN"] == ""
    error_message = "There is a grant for an access point that does not exist."
  }
}

run "queues" {
  command = plan

  assert {
    condition     = alltrue([for q in aws_sqs_queue.this : q.sqs_managed_sse_enabled && q.message_retention_seconds == 1209600]) && alltrue([for q in aws_sqs_queue.dead : q.sqs_managed_sse_enabled && q.message_retention_seconds == 1209600])
    error_message = "A queue is not encrypted, or forgets early."
  }

  assert {
    condition     = jsondecode(aws_sqs_queue.this["ingest"].policy).Statement[0].Condition == { ArnEquals = { "aws:SourceArn" = "arn:aws:events:eu-west-1:123456789012:rule/dev-a1-eu-west-1-events-object-events" }, StringEquals = { "aws:SourceAccount" = "123456789012" } }
    error_message = "Others may send to the queue."
  }

  assert {
    condition     = jsondecode(aws_sqs_queue.this["replication-failures"].policy).Statement[0].Principal.Service == "s3.amazonaws.com" && jsondecode(aws_sqs_queue.this["replication-failures"].policy).Statement[0].Condition.ArnEquals["aws:SourceArn"] == "arn:aws:s3:::dev-a1-eu-west-1-s3-documents-123456789012"
    error_message = "S3 may not tell about failed replication, or of any bucket."
  }

  assert {
    condition     = jsondecode(aws_sqs_queue.this["verifier"].policy).Statement[0].Condition.ArnEquals["aws:SourceArn"] == "arn:aws:events:eu-west-1:123456789012:rule/dev-a1-eu-west-1-events-migration/dev-a1-eu-west-1-events-document-synced"
    error_message = "The rule lies on the migration's bus."
  }

  assert {
    condition     = alltrue([for m in aws_lambda_event_source_mapping.queue : m.function_response_types == toset(["ReportBatchItemFailures"]) && m.scaling_config[0].maximum_concurrency == 50])
    error_message = "One bad message would return its whole batch."
  }
}

run "stream" {
  command = plan

  assert {
    condition     = aws_lambda_event_source_mapping.metadata.bisect_batch_on_function_error && aws_lambda_event_source_mapping.metadata.maximum_retry_attempts == 10 && aws_lambda_event_source_mapping.metadata.maximum_record_age_in_seconds == 21600
    error_message = "One bad record would hold up its shard for a day."
  }

  assert {
    condition     = contains(aws_lambda_event_source_mapping.metadata.metrics_config[0].metrics, "EventCount") && aws_cloudwatch_metric_alarm.stream_gave_up.alarm_actions == toset(["arn:aws:sns:eu-west-1:123456789012:dev-a1-eu-west-1-sns-alerts"])
    error_message = "Nobody hears of records that were given up."
  }

  assert {
    condition     = aws_lambda_event_source_mapping.metadata.destination_config[0].on_failure[0].destination_arn == "arn:aws:s3:::dev-a1-eu-west-1-s3-ops-123456789012"
    error_message = "Records that were given up are lost."
  }

  assert {
    condition = toset([for f in aws_lambda_event_source_mapping.metadata.filter_criteria[0].filter : f.pattern]) == toset([
      jsonencode({ dynamodb = { NewImage = { origin_region = { S = ["eu-west-1"] } } } }),
      jsonencode({ dynamodb = { OldImage = { origin_region = { S = ["eu-west-1"] } } } }),
    ])
    error_message = "The reader gets what the other region wrote."
  }
}

run "objects" {
  command = plan

  assert {
    condition     = aws_s3_bucket_notification.documents[0].eventbridge && one(aws_s3_bucket_notification.documents[0].queue).events == toset(["s3:Replication:*"])
    error_message = "Changes, or failed replication, of documents would go unnoticed."
  }

  assert {
    condition     = jsondecode(aws_cloudwatch_event_rule.this["object-events"].event_pattern).detail.bucket.name == ["dev-a1-eu-west-1-s3-documents-123456789012"]
    error_message = "Objects of other buckets are taken for documents."
  }

  assert {
    condition     = jsondecode(aws_cloudwatch_event_rule.this["document-synced"].event_pattern).detail.region == ["eu-west-1"]
    error_message = "Both regions would verify the same copy."
  }

  assert {
    condition     = keys(aws_cloudwatch_event_target.queue) == ["ingest", "replica-ledger", "verifier"] && alltrue([for t in aws_cloudwatch_event_target.queue : t.dead_letter_config[0].arn == var.dead_letter_queue_arn])
    error_message = "A queue gets no events, or a lost event is not kept."
  }
}

run "notification_of_others_is_left_alone" {
  command = plan

  variables {
    bucket_notification_enabled = false
  }

  assert {
    condition     = length(aws_s3_bucket_notification.documents) == 0
    error_message = "The bucket's notifications would be replaced."
  }
}

run "clocks" {
  command = plan

  variables {
    retry = { enabled = false, prefixes = ["a/", "b/"] }
  }

  assert {
    condition     = aws_cloudwatch_event_rule.schedule["heartbeat"].schedule_expression == "rate(1 minute)" && aws_cloudwatch_event_rule.schedule["heartbeat"].state == "ENABLED" && aws_cloudwatch_event_rule.schedule["retry-failed"].state == "DISABLED"
    error_message = "A clock runs that should not, or the other way round."
  }

  assert {
    condition     = aws_cloudwatch_event_target.schedule["retry-failed"].input_transformer[0].input_paths["time"] == "$.time" && jsondecode(aws_cloudwatch_event_target.schedule["retry-failed"].input_transformer[0].input_template) == { action = "start", migration_id = "retry-<time>", mode = "retry", prefixes = ["a/", "b/"], wave = 1 }
    error_message = "Every night's job has the same name: only the first would run."
  }

  assert {
    condition     = alltrue([for c in aws_lambda_function_event_invoke_config.schedule : c.maximum_retry_attempts == 0]) && aws_lambda_permission.schedule["heartbeat"].source_arn == "arn:aws:events:eu-west-1:123456789012:rule/dev-a1-eu-west-1-events-heartbeat"
    error_message = "Anybody may start a function, or it is started again."
  }
}

run "least_privilege" {
  command = plan

  variables {
    lock_table     = "locks"
    backed_up_arns = ["arn:aws:dynamodb:us-east-1:123456789012:table/dev-a1-global-dynamodb-metadata"]
  }

  assert {
    condition     = alltrue(flatten([for p in aws_iam_role_policy.function : [for s in jsondecode(p.policy).Statement : [for a in s.Action : !strcontains(a, "*")]]]))
    error_message = "An action is a wildcard."
  }

  # The list of calls that know no resource. A new one needs a reason beside it in grants.tf.
  assert {
    condition = toset(flatten([for p in aws_iam_role_policy.function : [for s in jsondecode(p.policy).Statement : s.Action if contains(s.Resource, "*")]])) == toset([
      "backup:ListRecoveryPointsByResource",
      "cloudwatch:DescribeAlarms", "cloudwatch:GetMetricData",
      "s3:CreateJob", "s3:ListJobs",
    ])
    error_message = "Another call may be made on every resource."
  }

  assert {
    condition     = alltrue(flatten([for p in aws_iam_role_policy.function : [for s in jsondecode(p.policy).Statement : can(s.Condition.StringEquals["aws:RequestedRegion"]) if contains(s.Resource, "*")]]))
    error_message = "A call on every resource is not kept in the two regions."
  }

  assert {
    condition     = alltrue([for purpose, p in aws_iam_role_policy.function : jsondecode(p.policy).Statement[0].Resource == ["arn:aws:logs:eu-west-1:123456789012:log-group:/aws/lambda/dev-a1-eu-west-1-lambda-${purpose}:*"]])
    error_message = "A function may write another's log."
  }

  assert {
    condition     = alltrue([for purpose, p in aws_iam_role_policy.function : length([for s in jsondecode(p.policy).Statement : s if s.Sid == "ReadQueue"]) == (contains(keys(aws_sqs_queue.this), purpose) ? 1 : 0)])
    error_message = "A function cannot read its queue, or may read one although it has none."
  }

  assert {
    condition     = alltrue(flatten([for purpose, p in aws_iam_role_policy.function : [for s in jsondecode(p.policy).Statement : !contains(s.Action, "s3:PutObject") || alltrue([for r in s.Resource : !endswith(r, "documents-123456789012/*")])]]))
    error_message = "A function may overwrite documents: that would be its own trigger."
  }
}

run "refuses_odd_names" {
  command = plan

  variables {
    permissions_boundary    = "boundary"
    metrics_namespace       = "AWS/Lambda"
    active_region_parameter = "active-region"
  }

  expect_failures = [var.permissions_boundary, var.metrics_namespace, var.active_region_parameter]
}

run "refuses_a_third_region_as_source" {
  command = plan

  variables {
    source_region = "ap-southeast-2"
    table_names   = { metadata = "m" }
  }

  expect_failures = [var.source_region, var.table_names]
}

run "refuses_its_own_region_as_peer" {
  command = plan

  variables {
    peer_region   = "eu-west-1"
    source_region = "eu-west-1"
  }

  expect_failures = [var.peer_region]
}

run "refuses_endless_retries_and_odd_batches" {
  command = plan

  variables {
    stream             = { maximum_retries = -1 }
    queue_batch        = { size = 100, window_seconds = 0 }
    maximum_receives   = 1
    log_retention_days = 42
    retry              = { prefixes = [""] }
  }

  expect_failures = [var.stream, var.queue_batch, var.maximum_receives, var.log_retention_days, var.retry]
}

run "refuses_unknown_functions" {
  command = plan

  variables {
    functions = { shredder = {} }
  }

  expect_failures = [var.functions]
}

run "asks_for_the_packages" {
  command = plan

  variables {
    packages_directory = "nowhere"
  }

  expect_failures = [aws_s3_object.package]
}

run "refuses_names_of_nothing" {
  command = plan

  variables {
    documents_bucket      = "Documents"
    peer_documents_bucket = "x"
    ops_bucket            = "-ops"
    table_names           = { metadata = "m", control = "control", checkpoints = "checkpoints" }
    lock_table            = "a lock"
    event_bus_name        = "default"
    access_point_arn      = "arn:aws:s3::123456789012:accesspoint/dev-a1-global-mrap-documents"
  }

  expect_failures = [
    var.documents_bucket, var.peer_documents_bucket, var.ops_bucket, var.table_names, var.lock_table, var.event_bus_name, var.access_point_arn,
  ]
}

# Each stands in a policy, or is a source or target that AWS takes in its own region only.
run "refuses_arns_of_the_other_region" {
  command = plan

  variables {
    stream_arns           = { metadata = { us-east-1 = "arn:aws:dynamodb:us-east-1:123456789012:table/dev-a1-global-dynamodb-metadata/stream/1" } }
    event_bus_arn         = "arn:aws:events:us-east-1:123456789012:event-bus/dev-a1-eu-west-1-events-migration"
    alerts_topic_arn      = "arn:aws:sns:us-east-1:123456789012:dev-a1-us-east-1-sns-alerts"
    dead_letter_queue_arn = "arn:aws:sqs:us-east-1:123456789012:dev-a1-us-east-1-sqs-events-dead"
    batch_role_arns       = { us-east-1 = "arn:aws:iam::123456789012:role/dev-a1-global-iam-s3-batch-us-east-1" }
    backed_up_arns        = ["arn:aws:dynamodb:eu-west-1:123456789012:table/dev-a1-global-dynamodb-metadata"]
  }

  expect_failures = [var.stream_arns, var.event_bus_arn, var.alerts_topic_arn, var.dead_letter_queue_arn, var.batch_role_arns, var.backed_up_arns]
}

run "records_given_up_are_counted_by_the_mappings_id" {
  command = plan

  override_resource {
    target          = aws_lambda_event_source_mapping.metadata
    override_during = plan
    values          = { uuid = "1b9d6bcd-bbfd-4b2d-9b5d-ab8dfbbd4bed" }
  }

  assert {
    condition     = aws_cloudwatch_metric_alarm.stream_gave_up.dimensions == tomap({ EventSourceMappingUUID = "1b9d6bcd-bbfd-4b2d-9b5d-ab8dfbbd4bed" })
    error_message = "The alarm does not watch the stream's mapping."
  }
}
