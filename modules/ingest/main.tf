# From shares on premises into the source's documents bucket; replication carries every object on from there.
locals {
  nfs            = { for key, s in var.sources : key => s if s.kind == "nfs" }
  smb            = { for key, s in var.sources : key => s if s.kind == "smb" }
  object_storage = { for key, s in var.sources : key => s if s.kind == "object_storage" }

  role_name      = module.labels.names.aws_iam_role["datasync-${var.region}"]
  log_name       = module.labels.names.aws_datasync_task["ingest"] # of all tasks
  log_group_name = "/aws/datasync/${local.log_name}"
  bucket_arn     = "arn:${module.labels.partition}:s3:::${var.documents_bucket}"
  wanted         = length(var.sources) > 0

  source_arns = merge(
    { for key, l in aws_datasync_location_nfs.this : key => l.arn },
    { for key, l in aws_datasync_location_smb.this : key => l.arn },
    { for key, l in aws_datasync_location_object_storage.this : key => l.arn },
  )
}

resource "aws_datasync_location_nfs" "this" {
  for_each = local.nfs

  server_hostname = each.value.host
  subdirectory    = each.value.path

  on_prem_config {
    agent_arns = each.value.agent_arns
  }
}

resource "aws_datasync_location_smb" "this" {
  for_each = local.smb

  server_hostname = each.value.host
  subdirectory    = each.value.path
  agent_arns      = each.value.agent_arns
  domain          = each.value.domain
  user            = each.value.user
  password        = lookup(var.secrets, each.key, "")
}

resource "aws_datasync_location_object_storage" "this" {
  # checkov:skip=CKV_AWS_295: the key comes from the sensitive variable `secrets`
  for_each = local.object_storage

  server_hostname = each.value.host
  server_port     = each.value.port
  server_protocol = "HTTPS"
  bucket_name     = each.value.bucket
  subdirectory    = each.value.path
  agent_arns      = each.value.agent_arns
  access_key      = each.value.user
  secret_key      = lookup(var.secrets, each.key, null)
}

resource "aws_datasync_location_s3" "documents" {
  for_each = var.sources

  s3_bucket_arn    = local.bucket_arn
  s3_storage_class = "STANDARD"
  subdirectory     = "/${each.value.prefix}"

  s3_config {
    bucket_access_role_arn = "arn:${module.labels.partition}:iam::${var.account_id}:role/${aws_iam_role.this[0].name}"
  }

  # DataSync tries the role when it makes the location.
  depends_on = [aws_iam_role_policy.this]
}

resource "aws_datasync_task" "this" {
  for_each = var.sources

  name                     = module.labels.names.aws_datasync_task[each.key]
  source_location_arn      = local.source_arns[each.key]
  destination_location_arn = aws_datasync_location_s3.documents[each.key].arn
  cloudwatch_log_group_arn = "arn:${module.labels.partition}:logs:${var.region}:${var.account_id}:log-group:${aws_cloudwatch_log_group.this[0].name}"

  # What is deleted on premises stays here: the migration deletes no document.
  options {
    bytes_per_second       = each.value.bytes_per_second
    log_level              = "TRANSFER"
    overwrite_mode         = "ALWAYS"
    preserve_deleted_files = "PRESERVE"
    transfer_mode          = "CHANGED"
    verify_mode            = "ONLY_FILES_TRANSFERRED"

    # Of files; an object store on premises has none of these.
    atime             = each.value.kind == "object_storage" ? "NONE" : "BEST_EFFORT"
    mtime             = each.value.kind == "object_storage" ? "NONE" : "PRESERVE"
    gid               = each.value.kind == "nfs" ? "INT_VALUE" : "NONE"
    uid               = each.value.kind == "nfs" ? "INT_VALUE" : "NONE"
    posix_permissions = each.value.kind == "nfs" ? "PRESERVE" : "NONE"
    preserve_devices  = "NONE"
  }

  dynamic "schedule" {
    for_each = each.value.schedule[*]

    content {
      schedule_expression = schedule.value
    }
  }
}

resource "aws_cloudwatch_log_group" "this" {
  # checkov:skip=CKV_AWS_158: encrypted by AWS; a customer key outlives a destroy by seven days, and nothing may be left
  # checkov:skip=CKV_AWS_338: `log_retention_days` says how long; evidence that must last lies in the ops bucket
  count = local.wanted ? 1 : 0

  name              = local.log_group_name
  retention_in_days = var.log_retention_days
}

resource "aws_cloudwatch_log_resource_policy" "this" {
  count = local.wanted ? 1 : 0

  policy_name = local.log_name

  policy_document = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Sid       = "DataSyncWritesLogs"
      Effect    = "Allow"
      Principal = { Service = "datasync.amazonaws.com" }
      Action    = ["logs:CreateLogStream", "logs:PutLogEvents"]
      Resource  = "arn:${module.labels.partition}:logs:${var.region}:${var.account_id}:log-group:${local.log_group_name}:*"
      Condition = local.on_our_behalf
    }]
  })
}
