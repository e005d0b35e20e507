# What starts a function besides a stream: events, through its queue, and clocks.
locals {
  bus_rules = ["document-synced"] # on the migration's bus, the others on the default one

  rules = {
    object-events = {
      description = "Changes of documents in ${var.region}"
      bus         = "default"
      queues      = ["ingest", "replica-ledger"]
      pattern = jsonencode({
        source      = ["aws.s3"]
        detail-type = ["Object Created", "Object Deleted"]
        detail      = { bucket = { name = [var.documents_bucket] } }
      })
    }
    # The bus has the peer's events too: only copies that arrived here are compared here.
    document-synced = {
      description = "Documents whose copies have arrived in ${var.region}"
      bus         = var.event_bus_name
      queues      = ["verifier"]
      pattern = jsonencode({
        source      = ["docmigration.sync"]
        detail-type = ["DocumentSynced"]
        detail      = { region = [var.region] }
      })
    }
  }

  rule_queues = merge([for rule, r in local.rules : { for queue in r.queues : queue => rule }]...)

  schedules = {
    heartbeat = {
      description = "A beat a minute"
      expression  = "rate(1 minute)"
      function    = "heartbeat"
      enabled     = true
      input       = { action = "beat" }
    }
    # What S3 could not copy is tried again every night. The time makes each night's job one of its own.
    retry-failed = {
      description = "Batch replication of documents whose replication failed"
      expression  = var.retry.schedule
      function    = "batch-starter"
      enabled     = var.retry.enabled
      input = {
        action       = "start"
        mode         = "retry"
        migration_id = "retry-<time>"
        wave         = 1
        prefixes     = var.retry.prefixes
      }
    }
  }
}

resource "aws_cloudwatch_event_rule" "this" {
  for_each = local.rules

  name           = local.rule_names[each.key]
  description    = each.value.description
  event_bus_name = each.value.bus
  event_pattern  = each.value.pattern
}

resource "aws_cloudwatch_event_target" "queue" {
  for_each = local.rule_queues

  event_bus_name = local.rules[each.value].bus
  rule           = aws_cloudwatch_event_rule.this[each.value].name
  target_id      = each.key
  arn            = aws_sqs_queue.this[each.key].arn

  dead_letter_config {
    arn = var.dead_letter_queue_arn
  }

  retry_policy {
    maximum_event_age_in_seconds = 86400
    maximum_retry_attempts       = 185
  }
}

resource "aws_cloudwatch_event_rule" "schedule" {
  for_each = local.schedules

  name                = local.rule_names[each.key]
  description         = each.value.description
  schedule_expression = each.value.expression
  state               = each.value.enabled ? "ENABLED" : "DISABLED"
}

resource "aws_cloudwatch_event_target" "schedule" {
  for_each = local.schedules

  rule      = aws_cloudwatch_event_rule.schedule[each.key].name
  target_id = each.value.function
  arn       = aws_lambda_function.this[each.value.function].arn

  input_transformer {
    input_paths    = { time = "$.time" }
    input_template = replace(replace(jsonencode(each.value.input), "\\u003c", "<"), "\\u003e", ">")
  }

  dead_letter_config {
    arn = var.dead_letter_queue_arn
  }

  # The next one comes soon.
  retry_policy {
    maximum_event_age_in_seconds = 60
    maximum_retry_attempts       = 0
  }

  depends_on = [aws_lambda_permission.schedule]
}

resource "aws_lambda_permission" "schedule" {
  for_each = local.schedules

  statement_id  = each.key
  action        = "lambda:InvokeFunction"
  function_name = aws_lambda_function.this[each.value.function].function_name
  principal     = "events.amazonaws.com"
  source_arn    = local.rule_arns[each.key]
}

# What a clock starts is not repeated: Lambda would do so twice by default, minutes later.
resource "aws_lambda_function_event_invoke_config" "schedule" {
  for_each = toset([for s in local.schedules : s.function])

  function_name                = aws_lambda_function.this[each.key].function_name
  maximum_event_age_in_seconds = 60
  maximum_retry_attempts       = 0
}
