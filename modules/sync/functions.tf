locals {
  regional = {
    ENVIRONMENT       = var.environment
    PEER_REGION       = var.peer_region
    METRICS_NAMESPACE = var.metrics_namespace
    SOURCE_REGION     = var.source_region
  }
  recording = {
    CONTROL_TABLE     = var.table_names.control
    DOCUMENTS_BUCKET  = var.documents_bucket
    EVENT_BUS         = var.event_bus_name
    IDEMPOTENCY_TABLE = local.idempotency_table
    METADATA_TABLE    = var.table_names.metadata
    OPS_BUCKET        = var.ops_bucket
  }
  switching = {
    ACCOUNT_ID        = var.account_id
    CONTROL_TABLE     = var.table_names.control
    DOCUMENTS_BUCKETS = join(",", [for r in local.regions : "${r}=${local.documents_buckets[r]}"])
    EVENT_BUS         = var.event_bus_name
    STREAM_CONSUMERS  = join(",", [for r in local.regions : "${r}=${module.labels.names_in[r].aws_lambda_function["stream-consumer"]}"])
    TARGET_REGION     = var.source_region == var.region ? var.peer_region : var.region
  }

  # What each function is, by purpose: the last part of its name, and the name of its zip. Grants: grants.tf.
  functions = {
    ingest = {
      description = "Validates and records new documents, and records deletions"
      memory_mb   = 256
      timeout     = 60
      grants      = ["HeadDocuments", "ListDocuments", "WriteMetadata", "ReadControl", "Once", "Bury", "Tell"]
    }
    replica-ledger = {
      description = "Records that copies have arrived"
      memory_mb   = 256
      timeout     = 60
      grants      = ["HeadDocuments", "ListDocuments", "WriteMetadata", "ReadControl", "Once", "Bury", "Tell"]
    }
    replication-failures = {
      description = "Keeps what S3 could not copy, for batch replication to take up"
      memory_mb   = 256
      timeout     = 60
      grants      = ["WriteMetadata", "Once", "Bury", "Tell"]
    }
    stream-consumer = {
      description = "Sends the events about what this region wrote into the metadata table"
      memory_mb   = 256
      timeout     = 60
      grants      = ["ReadStream", "KeepGivenUp", "ListOps", "Once", "Bury", "Tell"]
    }
    verifier = {
      description = "Compares both regions: single documents, and batches of the inventory"
      memory_mb   = 512
      timeout     = 300
      grants = [
        "HeadDocuments", "ListDocuments", "HeadPeerDocuments", "ListPeerDocuments", "WriteMetadata", "ReadPeerMetadata",
        "DropNotes",
        "NoteVerification", "KeepEvidence", "ListOps", "Once", "Bury", "Tell",
      ]
    }
    heartbeat = {
      description = "Measures the lag to the peer region, and how long the peer has been silent"
      memory_mb   = 256
      timeout     = 60
      grants      = ["Beat", "BeatThroughStream", "ReadPeerControl", "WriteSentinel", "HeadPeerSentinel", "ListPeerDocuments"]
    }
    gate-check = {
      description = "Evaluates the gate of the cutover over evidence from both regions"
      memory_mb   = 256
      timeout     = 120
      grants = concat(
        ["ReadControl", "ReadMetricsAndAlarms", "ListJobs", "CountDeadLetters", "KeepGates", "Tell"],
        var.lock_table == "" ? [] : ["ReadLocks"],
        length(var.backed_up_arns) == 0 ? [] : ["ListBackups"],
      )
    }
    traffic-switch = {
      description = "Moves writes from one region to the other, step by step"
      memory_mb   = 256
      timeout     = 120
      grants = concat(
        ["SwitchControl", "Mark", "WriteSentinels", "HeadSentinels", "ListBothDocuments", "CountMessages", "ReadMetricsAndAlarms", "Tell"],
        local.parameter_pattern == "" ? [] : ["PublishActiveRegion"],
      )
    }
    batch-starter = {
      description = "Copies existing documents: plans waves, starts their jobs, tells how they go"
      memory_mb   = 256
      timeout     = 60
      grants      = ["CreateJobs", "FollowJobs", "HandRoleToJobs", "KeepCheckpoints", "Tell"]
    }
  }

  # Apart from the functions: these wait for the access point, which takes minutes, and queues and roles do not.
  environments = {
    ingest               = local.recording
    replica-ledger       = local.recording
    replication-failures = local.recording
    stream-consumer      = local.recording
    verifier             = merge(local.recording, { PEER_DOCUMENTS_BUCKET = var.peer_documents_bucket })
    heartbeat = {
      CONTROL_TABLE         = var.table_names.control
      DOCUMENTS_BUCKET      = var.documents_bucket
      METADATA_TABLE        = var.table_names.metadata
      PEER_DOCUMENTS_BUCKET = var.peer_documents_bucket
    }
    gate-check = merge(local.switching, {
      BACKED_UP_ARNS     = join(",", [for arn in var.backed_up_arns : "${var.source_region}=${arn}"])
      DEAD_LETTER_QUEUES = local.dead_letter_queues
      LOCK_TABLE         = var.lock_table
      OPS_BUCKET         = var.ops_bucket
      READINESS_ALARMS   = join(",", [for r in local.regions : "${r}=${module.labels.names_in[r].aws_cloudwatch_composite_alarm["not-ready-for-cutover"]}"])
    })
    traffic-switch = merge(local.switching, {
      ACTIVE_REGION_PARAMETER = local.parameter_pattern
      METADATA_TABLE          = var.table_names.metadata
      MRAP_ARN                = var.access_point_arn == null ? "" : var.access_point_arn
      QUEUE_URLS              = local.queue_urls
    })
    batch-starter = {
      ACCOUNT_ID        = var.account_id
      BATCH_ROLE_ARN    = var.batch_role_arns[var.region]
      CHECKPOINTS_TABLE = var.table_names.checkpoints
      DOCUMENTS_BUCKET  = var.documents_bucket
      EVENT_BUS         = var.event_bus_name
      OPS_BUCKET        = var.ops_bucket
      PARTITION         = module.labels.partition
    }
  }

  settings = { for purpose, f in local.functions : purpose => {
    memory_mb            = coalesce(try(var.functions[purpose].memory_mb, null), f.memory_mb)
    timeout              = coalesce(try(var.functions[purpose].timeout_seconds, null), f.timeout)
    reserved_concurrency = try(var.functions[purpose].reserved_concurrency, null)
  } }
}

resource "aws_cloudwatch_log_group" "function" {
  # checkov:skip=CKV_AWS_158: encrypted by AWS; a customer key outlives a destroy by seven days, and nothing may be left
  # checkov:skip=CKV_AWS_338: `log_retention_days` says how long; evidence that must last lies in the ops bucket
  for_each = local.functions

  name              = local.log_groups[each.key]
  retention_in_days = var.log_retention_days
}

resource "aws_lambda_function" "this" {
  # checkov:skip=CKV_AWS_50: records carry a correlation id through both regions; tracing would put botocore into every package
  # checkov:skip=CKV_AWS_116: queues and the stream have dead letters of their own; what a clock or a workflow starts is started again
  # checkov:skip=CKV_AWS_117: it talks to AWS alone; a VPC would need endpoints for every service, in both regions
  # checkov:skip=CKV_AWS_173: names of resources, no secret; encrypted by AWS; a customer key outlives a destroy by seven days, and nothing may be left
  # checkov:skip=CKV_AWS_272: packages are built here and pinned by hash; a signing profile cannot be deleted
  for_each = local.functions

  function_name                  = local.function_names[each.key]
  description                    = each.value.description
  role                           = aws_iam_role.function[each.key].arn
  runtime                        = "python3.13"
  architectures                  = ["arm64"]
  handler                        = "handlers.${replace(each.key, "-", "_")}.handler"
  s3_bucket                      = module.code.bucket
  s3_key                         = aws_s3_object.package[local.package_keys[each.key]].key
  source_code_hash               = fileexists(local.packages[each.key]) ? filebase64sha256(local.packages[each.key]) : null
  memory_size                    = local.settings[each.key].memory_mb
  timeout                        = local.settings[each.key].timeout
  reserved_concurrent_executions = coalesce(local.settings[each.key].reserved_concurrency, -1)

  environment {
    variables = merge(local.regional, local.environments[each.key], try(var.functions[each.key].environment, {}))
  }

  logging_config {
    log_format = "JSON"
    log_group  = aws_cloudwatch_log_group.function[each.key].name
  }

  # A function that starts before it may write its log loses the first lines.
  depends_on = [aws_iam_role_policy.function]
}

# Lambda stops a chain of its own functions after 16 rounds; said here so that nobody has to know the default.
resource "aws_lambda_function_recursion_config" "this" {
  for_each = local.functions

  function_name  = aws_lambda_function.this[each.key].function_name
  recursive_loop = "Terminate"
}
