# Every ARN is built from names, so that all policies are known while planning the very first apply.
locals {
  function_names = module.labels.names.aws_lambda_function
  function_arns = { for purpose, name in local.function_names :
    purpose => "arn:${module.labels.partition}:lambda:${var.region}:${var.account_id}:function:${name}"
  }
  role_names = { for purpose, _ in local.functions : purpose => module.labels.names.aws_iam_role["${purpose}-${var.region}"] }
  log_groups = { for purpose, name in local.function_names : purpose => "/aws/lambda/${name}" }

  code_bucket       = module.labels.names.aws_s3_bucket["code"]
  idempotency_table = module.labels.names.aws_dynamodb_table["idempotency"]

  # Functions with a queue: what rules send to, and the one that S3 tells about replication.
  readers     = sort(concat(keys(local.rule_queues), ["replication-failures"]))
  queue_names = { for purpose in local.readers : purpose => module.labels.names.aws_sqs_queue[purpose] }
  dead_names  = { for purpose in local.readers : purpose => module.labels.names.aws_sqs_queue["${purpose}-dead"] }
  queue_arns  = { for purpose, name in local.queue_names : purpose => "arn:${module.labels.partition}:sqs:${var.region}:${var.account_id}:${name}" }
  dead_arns   = { for purpose, name in local.dead_names : purpose => "arn:${module.labels.partition}:sqs:${var.region}:${var.account_id}:${name}" }

  rules_arn  = "arn:${module.labels.partition}:events:${var.region}:${var.account_id}:rule"
  rule_names = module.labels.names.aws_cloudwatch_event_rule
  rule_arns = { for purpose, name in local.rule_names :
    purpose => contains(local.bus_rules, purpose) ? "${local.rules_arn}/${var.event_bus_name}/${name}" : "${local.rules_arn}/${name}"
  }

  documents_arn      = "arn:${module.labels.partition}:s3:::${var.documents_bucket}"
  peer_documents_arn = "arn:${module.labels.partition}:s3:::${var.peer_documents_bucket}"
  ops_arn            = "arn:${module.labels.partition}:s3:::${var.ops_bucket}"

  # What switches and gates look at lies in both regions, the source first.
  regions           = distinct([var.source_region, var.region, var.peer_region])
  documents_buckets = { (var.region) = var.documents_bucket, (var.peer_region) = var.peer_documents_bucket }

  url_prefixes = { for r in local.regions : r => "https://sqs.${r}.${module.labels.partition == "aws-cn" ? "amazonaws.com.cn" : "amazonaws.com"}/${var.account_id}" }
  queue_pairs  = setproduct(local.regions, local.readers)
  dead_pairs   = concat(local.queue_pairs, [for r in local.regions : [r, "events"]])

  queue_urls         = join(",", [for p in local.queue_pairs : "${p[0]}=${local.url_prefixes[p[0]]}/${module.labels.names_in[p[0]].aws_sqs_queue[p[1]]}"])
  dead_letter_queues = join(",", [for p in local.dead_pairs : "${p[0]}=${local.url_prefixes[p[0]]}/${module.labels.names_in[p[0]].aws_sqs_queue["${p[1]}-dead"]}"])

  # With a placeholder, so that one text names the parameter of each region.
  parameter_pattern = var.active_region_parameter == null ? "" : replace(var.active_region_parameter, "-${var.region}-", "-{region}-")

  # By purpose: the table here and its replica in the peer region.
  table_arns      = { for purpose, name in var.table_names : purpose => "arn:${module.labels.partition}:dynamodb:${var.region}:${var.account_id}:table/${name}" }
  peer_table_arns = { for purpose, name in var.table_names : purpose => "arn:${module.labels.partition}:dynamodb:${var.peer_region}:${var.account_id}:table/${name}" }

  in_account = { StringEquals = { "aws:SourceAccount" = var.account_id } }
  in_regions = { StringEquals = { "aws:RequestedRegion" = [var.region, var.peer_region] } }
}
