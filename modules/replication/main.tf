locals {
  rule_id    = "documents-to-peer" # also the dimension RuleId of the metrics: constant
  rule_block = var.existing_object_replication.enabled && var.existing_object_replication.mode == "rule_block"
  batch      = var.existing_object_replication.enabled && var.existing_object_replication.mode == "batch"

  # S3 Replication Time Control knows no other value.
  commitment_minutes = 15
}

resource "aws_s3_bucket_replication_configuration" "documents" {
  bucket = var.documents_bucket
  role   = var.replication_role_arns[var.region]

  rule {
    id       = local.rule_id
    priority = 10
    status   = var.replication_enabled ? "Enabled" : "Disabled"

    filter {}

    delete_marker_replication {
      status = "Enabled"
    }

    source_selection_criteria {
      replica_modifications {
        status = "Enabled"
      }

      # Says nothing new about SSE-S3 objects, but keeps this block from looking empty to aws_s3_bucket, which
      # reads all of it but replica_modifications: the next change of a bucket's tag would then write the
      # empty block back, and AWS refuses that (hashicorp/terraform-provider-aws#44192).
      sse_kms_encrypted_objects {
        status = "Disabled"
      }
    }

    dynamic "existing_object_replication" {
      for_each = local.rule_block ? [true] : []

      content {
        status = "Enabled"
      }
    }

    destination {
      bucket = var.peer_documents_bucket_arn

      metrics {
        status = "Enabled"

        dynamic "event_threshold" {
          for_each = var.replication_time_control ? [local.commitment_minutes] : []

          content {
            minutes = event_threshold.value
          }
        }
      }

      dynamic "replication_time" {
        for_each = var.replication_time_control ? [local.commitment_minutes] : []

        content {
          status = "Enabled"

          time {
            minutes = replication_time.value
          }
        }
      }
    }
  }

  lifecycle {
    precondition {
      condition     = !local.rule_block || var.existing_object_replication.accept_unsupported
      error_message = "AWS no longer takes existing_object_replication in a rule (MalformedXML on apply). Use mode = \"batch\"; accept_unsupported = true is for compatible endpoints only."
    }

    precondition {
      condition     = var.peer_documents_bucket_arn != var.documents_bucket_arn
      error_message = "A bucket cannot replicate to itself: peer_documents_bucket_arn is this region's bucket."
    }
  }
}
