locals {
  # What functions may do, by name. Resources are named, but for calls that know none, or none beforehand: reading
  # metrics and alarms, batch jobs, listing backups. Those hold in these regions only.
  grants = {
    HeadDocuments = {
      Action   = ["s3:GetObject", "s3:GetObjectVersion"]
      Resource = ["${local.documents_arn}/*"]
    }
    # Without it a missing object is a refusal (403), not a 404.
    ListDocuments = {
      Action   = ["s3:ListBucket", "s3:ListBucketVersions"]
      Resource = [local.documents_arn]
    }
    HeadPeerDocuments = {
      Action    = ["s3:GetObject", "s3:GetObjectVersion"]
      Resource  = ["${local.peer_documents_arn}/*"]
      Condition = local.in_regions
    }
    ListPeerDocuments = {
      Action    = ["s3:ListBucket", "s3:ListBucketVersions"]
      Resource  = [local.peer_documents_arn]
      Condition = local.in_regions
    }
    WriteSentinel = {
      Action   = ["s3:PutObject"]
      Resource = ["${local.documents_arn}/sentinel/*"]
    }
    HeadPeerSentinel = {
      Action    = ["s3:GetObject", "s3:GetObjectVersion"]
      Resource  = ["${local.peer_documents_arn}/sentinel/*"]
      Condition = local.in_regions
    }

    ReadPeerMetadata = {
      Action    = ["dynamodb:GetItem"]
      Resource  = [local.peer_table_arns.metadata]
      Condition = local.in_regions
    }
    WriteMetadata = {
      Action   = ["dynamodb:GetItem", "dynamodb:PutItem", "dynamodb:UpdateItem"]
      Resource = [local.table_arns.metadata]
    }
    # Notes of copies that are not compared yet.
    DropNotes = {
      Action    = ["dynamodb:DeleteItem", "dynamodb:Query"]
      Resource  = [local.table_arns.metadata]
      Condition = { "ForAllValues:StringLike" = { "dynamodb:LeadingKeys" = ["unverified#${var.region}#*"] } }
    }
    ReadControl = {
      Action   = ["dynamodb:GetItem"]
      Resource = [local.table_arns.control]
    }
    Beat = {
      Action    = ["dynamodb:GetItem", "dynamodb:PutItem"]
      Resource  = [local.table_arns.control]
      Condition = { "ForAllValues:StringEquals" = { "dynamodb:LeadingKeys" = ["hb#${var.region}", "hb#${var.peer_region}"] } }
    }
    BeatThroughStream = {
      Action    = ["dynamodb:PutItem"]
      Resource  = [local.table_arns.metadata]
      Condition = { "ForAllValues:StringEquals" = { "dynamodb:LeadingKeys" = ["hb#${var.region}"] } }
    }
    ReadPeerControl = {
      Action    = ["dynamodb:GetItem"]
      Resource  = [local.peer_table_arns.control]
      Condition = local.in_regions
    }
    Once = {
      Action   = ["dynamodb:DeleteItem", "dynamodb:GetItem", "dynamodb:PutItem", "dynamodb:UpdateItem"]
      Resource = ["arn:${module.labels.partition}:dynamodb:${var.region}:${var.account_id}:table/${local.idempotency_table}"]
    }

    ReadStream = {
      Action   = ["dynamodb:DescribeStream", "dynamodb:GetRecords", "dynamodb:GetShardIterator", "dynamodb:ListStreams"]
      Resource = ["${local.table_arns.metadata}/stream/*"]
    }
    # Lambda itself writes the records that it gave up.
    KeepGivenUp = {
      Action   = ["s3:PutObject"]
      Resource = ["${local.ops_arn}/aws/lambda/*"]
    }
    ListOps = {
      Action   = ["s3:ListBucket"]
      Resource = [local.ops_arn]
    }
    NoteVerification = {
      Action    = ["dynamodb:PutItem"]
      Resource  = [local.table_arns.control]
      Condition = { "ForAllValues:StringEquals" = { "dynamodb:LeadingKeys" = ["control#verification"] } }
    }
    KeepEvidence = {
      Action   = ["s3:GetObject", "s3:PutObject"]
      Resource = ["${local.ops_arn}/verification/*"]
    }

    # A dead letter: the whole record and the reason.
    Bury = {
      Action   = ["s3:PutObject"]
      Resource = ["${local.ops_arn}/dead-letter/*"]
    }
    Tell = {
      Action   = ["events:PutEvents"]
      Resource = [var.event_bus_arn]
    }

    # Gate and switch.
    ReadMetricsAndAlarms = {
      Action    = ["cloudwatch:DescribeAlarms", "cloudwatch:GetMetricData"]
      Resource  = ["*"]
      Condition = local.in_regions
    }
    ListJobs = {
      Action    = ["s3:ListJobs"]
      Resource  = ["*"]
      Condition = local.in_regions
    }
    ListBackups = {
      Action    = ["backup:ListRecoveryPointsByResource"]
      Resource  = ["*"]
      Condition = local.in_regions
    }
    CountDeadLetters = {
      Action    = ["sqs:GetQueueAttributes"]
      Resource  = [for p in local.dead_pairs : "arn:${module.labels.partition}:sqs:${p[0]}:${var.account_id}:${module.labels.names_in[p[0]].aws_sqs_queue["${p[1]}-dead"]}"]
      Condition = local.in_regions
    }
    CountMessages = {
      Action    = ["sqs:GetQueueAttributes"]
      Resource  = [for p in local.queue_pairs : "arn:${module.labels.partition}:sqs:${p[0]}:${var.account_id}:${module.labels.names_in[p[0]].aws_sqs_queue[p[1]]}"]
      Condition = local.in_regions
    }
    ReadLocks = {
      Action    = ["dynamodb:Scan"]
      Resource  = ["arn:${module.labels.partition}:dynamodb:${var.source_region}:${var.account_id}:table/${var.lock_table}"]
      Condition = local.in_regions
    }
    KeepGates = {
      Action   = ["s3:PutObject"]
      Resource = ["${local.ops_arn}/gates/*"]
    }
    SwitchControl = {
      Action    = ["dynamodb:GetItem", "dynamodb:PutItem"]
      Resource  = [local.table_arns.control, local.peer_table_arns.control]
      Condition = local.in_regions
    }
    Mark = {
      Action   = ["dynamodb:GetItem", "dynamodb:PutItem"]
      Resource = [local.table_arns.metadata, local.peer_table_arns.metadata]
      Condition = merge(local.in_regions, {
        "ForAllValues:StringEquals" = { "dynamodb:LeadingKeys" = ["control#marker"] }
      })
    }
    WriteSentinels = {
      Action    = ["s3:PutObject"]
      Resource  = ["${local.documents_arn}/sentinel/*", "${local.peer_documents_arn}/sentinel/*"]
      Condition = local.in_regions
    }
    HeadSentinels = {
      Action    = ["s3:GetObject", "s3:GetObjectVersion"]
      Resource  = ["${local.documents_arn}/sentinel/*", "${local.peer_documents_arn}/sentinel/*"]
      Condition = local.in_regions
    }
    ListBothDocuments = {
      Action    = ["s3:ListBucket", "s3:ListBucketVersions"]
      Resource  = [local.documents_arn, local.peer_documents_arn]
      Condition = local.in_regions
    }
    PublishActiveRegion = {
      Action    = ["ssm:PutParameter"]
      Resource  = [for r in local.regions : "arn:${module.labels.partition}:ssm:${r}:${var.account_id}:parameter/${replace(local.parameter_pattern, "{region}", r)}"]
      Condition = local.in_regions
    }
    # Batch replication. A job has no ARN before it is created, and its id is AWS's choice.
    CreateJobs = {
      Action    = ["s3:CreateJob"]
      Resource  = ["*"]
      Condition = { StringEquals = { "aws:RequestedRegion" = [var.region] } }
    }
    FollowJobs = {
      Action   = ["s3:DescribeJob", "s3:UpdateJobStatus"]
      Resource = ["arn:${module.labels.partition}:s3:${var.region}:${var.account_id}:job/*"]
    }
    HandRoleToJobs = {
      Action    = ["iam:PassRole"]
      Resource  = [var.batch_role_arns[var.region]]
      Condition = { StringEquals = { "iam:PassedToService" = "batchoperations.s3.amazonaws.com" } }
    }
    KeepCheckpoints = {
      Action   = ["dynamodb:GetItem", "dynamodb:PutItem"]
      Resource = [local.table_arns.checkpoints]
    }
  }
}
