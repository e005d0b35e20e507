# Every ARN is built from names, so that all policies are known while planning the very first apply.
locals {
  function_names = { for purpose, _ in local.functions : purpose => "${var.environment}-${var.region}-lambda-${purpose}" }
  function_arns = { for purpose, name in local.function_names :
    purpose => "arn:${var.partition}:lambda:${var.region}:${var.account_id}:function:${name}"
  }
  role_names = { for purpose, _ in local.functions : purpose => "${var.environment}-global-iam-${purpose}-${var.region}" }
  log_groups = { for purpose, name in local.function_names : purpose => "/aws/lambda/${name}" }

  code_bucket       = "${var.environment}-${var.region}-s3-code-${var.account_id}"
  idempotency_table = "${var.environment}-${var.region}-dynamodb-idempotency"

  queue_names = { for purpose in keys(local.senders) : purpose => "${var.environment}-${var.region}-sqs-${purpose}" }
  dead_names  = { for purpose in keys(local.senders) : purpose => "${var.environment}-${var.region}-sqs-${purpose}-dead" }
  queue_arns  = { for purpose, name in local.queue_names : purpose => "arn:${var.partition}:sqs:${var.region}:${var.account_id}:${name}" }
  dead_arns   = { for purpose, name in local.dead_names : purpose => "arn:${var.partition}:sqs:${var.region}:${var.account_id}:${name}" }

  alerts_topic_arn = "arn:${var.partition}:sns:${var.region}:${var.account_id}:${var.environment}-${var.region}-sns-alerts" # of events

  rules_arn  = "arn:${var.partition}:events:${var.region}:${var.account_id}:rule"
  rule_names = { for purpose in concat(keys(local.rules), keys(local.schedules)) : purpose => "${var.environment}-${var.region}-events-${purpose}" }
  rule_arns = { for purpose, name in local.rule_names :
    purpose => contains(local.bus_rules, purpose) ? "${local.rules_arn}/${var.event_bus_name}/${name}" : "${local.rules_arn}/${name}"
  }

  documents_arn      = "arn:${var.partition}:s3:::${var.documents_bucket}"
  peer_documents_arn = "arn:${var.partition}:s3:::${var.peer_documents_bucket}"
  ops_arn            = "arn:${var.partition}:s3:::${var.ops_bucket}"

  # What switches and gates look at lies in both regions, the source first.
  regions           = distinct([var.source_region, var.region, var.peer_region])
  documents_buckets = { (var.region) = var.documents_bucket, (var.peer_region) = var.peer_documents_bucket }

  url_prefixes = { for r in local.regions : r => "https://sqs.${r}.${var.partition == "aws-cn" ? "amazonaws.com.cn" : "amazonaws.com"}/${var.account_id}" }
  queue_pairs  = setproduct(local.regions, sort(keys(local.senders)))
  dead_pairs   = concat(local.queue_pairs, [for r in local.regions : [r, "events"]])

  queue_urls         = join(",", [for p in local.queue_pairs : "${p[0]}=${local.url_prefixes[p[0]]}/${var.environment}-${p[0]}-sqs-${p[1]}"])
  dead_letter_queues = join(",", [for p in local.dead_pairs : "${p[0]}=${local.url_prefixes[p[0]]}/${var.environment}-${p[0]}-sqs-${p[1]}-dead"])

  # With a placeholder, so that one text names the parameter of each region.
  parameter_pattern = var.active_region_parameter == null ? "" : replace(var.active_region_parameter, "-${var.region}-", "-{region}-")

  # By purpose: the table here and its replica in the peer region.
  table_arns      = { for purpose, name in var.table_names : purpose => "arn:${var.partition}:dynamodb:${var.region}:${var.account_id}:table/${name}" }
  peer_table_arns = { for purpose, name in var.table_names : purpose => "arn:${var.partition}:dynamodb:${var.peer_region}:${var.account_id}:table/${name}" }

  in_account = { StringEquals = { "aws:SourceAccount" = var.account_id } }
  in_regions = { StringEquals = { "aws:RequestedRegion" = [var.region, var.peer_region] } }
}
