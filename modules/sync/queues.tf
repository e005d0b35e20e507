# Objects reach a function through a queue of its own. Policy and redrive stand inline: apart, the provider waits 25 s
# for each. A queue waits for its dead letters' queue, which SQS wants to exist, and for nothing else.
locals {
  # Who may send, by the function that reads.
  senders = {
    ingest               = { service = "events.amazonaws.com", arn = local.rule_arns["object-events"] }
    replica-ledger       = { service = "events.amazonaws.com", arn = local.rule_arns["object-events"] }
    verifier             = { service = "events.amazonaws.com", arn = local.rule_arns["document-synced"] }
    replication-failures = { service = "s3.amazonaws.com", arn = local.documents_arn }
  }

  refuse_plain_http = {
    Sid       = "RefusePlainHttp"
    Effect    = "Deny"
    Principal = "*"
    Action    = ["sqs:DeleteMessage", "sqs:ReceiveMessage", "sqs:SendMessage"]
    Condition = { Bool = { "aws:SecureTransport" = "false" } }
  }
}

resource "aws_sqs_queue" "dead" {
  for_each = local.senders

  name                      = local.dead_names[each.key]
  message_retention_seconds = 1209600
  sqs_managed_sse_enabled   = true

  policy = jsonencode({
    Version   = "2012-10-17"
    Statement = [merge(local.refuse_plain_http, { Resource = local.dead_arns[each.key] })]
  })

  redrive_allow_policy = jsonencode({
    redrivePermission = "byQueue"
    sourceQueueArns   = [local.queue_arns[each.key]]
  })
}

resource "aws_sqs_queue" "this" {
  for_each = local.senders

  name                       = local.queue_names[each.key]
  message_retention_seconds  = 1209600
  visibility_timeout_seconds = 6 * local.settings[each.key].timeout # AWS's advice: six times the function's
  receive_wait_time_seconds  = 20
  sqs_managed_sse_enabled    = true

  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      {
        Sid       = "Send"
        Effect    = "Allow"
        Principal = { Service = each.value.service }
        Action    = "sqs:SendMessage"
        Resource  = local.queue_arns[each.key]
        Condition = merge(local.in_account, { ArnEquals = { "aws:SourceArn" = each.value.arn } })
      },
      merge(local.refuse_plain_http, { Resource = local.queue_arns[each.key] }),
    ]
  })

  redrive_policy = jsonencode({
    deadLetterTargetArn = aws_sqs_queue.dead[each.key].arn
    maxReceiveCount     = var.maximum_receives
  })
}

resource "aws_lambda_event_source_mapping" "queue" {
  for_each = local.senders

  event_source_arn                   = aws_sqs_queue.this[each.key].arn
  function_name                      = aws_lambda_function.this[each.key].arn
  batch_size                         = var.queue_batch.size
  maximum_batching_window_in_seconds = var.queue_batch.window_seconds
  function_response_types            = ["ReportBatchItemFailures"]

  scaling_config {
    maximum_concurrency = var.queue_batch.maximum_concurrency
  }

  metrics_config {
    metrics = ["EventCount"]
  }

  # Switched off and on at runtime, by a cutover or by hand.
  lifecycle {
    ignore_changes = [enabled]
  }
}
