locals {
  parameter_name    = module.labels.names.aws_ssm_parameter["active-region"]
  access_point_name = module.labels.names.aws_s3control_multi_region_access_point["documents"]

  # One for both regions, made by the source's unit.
  has_access_point = var.access_point.enabled && var.region_role == "source"
}

# Which region is active, for clients that do not go through the access point. Terraform makes it; from then on the
# traffic switch owns the value: an apply during the soak must not send clients back.
resource "aws_ssm_parameter" "active_region" {
  # checkov:skip=CKV2_AWS_34: the name of a region, which every client reads; no secret
  name        = local.parameter_name
  description = "Epoch, state and active region of ${var.environment}; written by the traffic switch"
  type        = "String"

  value = jsonencode({
    active_region = var.source_region
    epoch         = 1
    state         = "active"
  })

  lifecycle {
    ignore_changes = [value]

    precondition {
      condition     = !can(regex("^(aws|ssm)", local.parameter_name))
      error_message = "Names of parameters that begin with aws or ssm are AWS's own; got \"${local.parameter_name}\". Name the environment otherwise."
    }
  }
}

# A new access point serves from every bucket that is near. Set its routes (not in Terraform) before a client uses it.
resource "aws_s3control_multi_region_access_point" "documents" {
  count = local.has_access_point ? 1 : 0

  account_id = var.account_id

  details {
    name = local.access_point_name

    public_access_block {
      block_public_acls       = true
      block_public_policy     = true
      ignore_public_acls      = true
      restrict_public_buckets = true
    }

    region {
      bucket            = var.documents_bucket
      bucket_account_id = var.account_id
    }

    region {
      bucket            = var.peer_documents_bucket
      bucket_account_id = var.account_id
    }
  }
}

# Refusals only: what a client may do stands in its own policy, and the buckets' policies hold here too.
resource "aws_s3control_multi_region_access_point_policy" "documents" {
  count = local.has_access_point ? 1 : 0

  account_id = var.account_id

  details {
    name = aws_s3control_multi_region_access_point.documents[0].details[0].name

    policy = jsonencode({
      Version = "2012-10-17"
      Statement = [
        {
          Sid       = "InsecureTransport"
          Effect    = "Deny"
          Principal = "*"
          Action    = "s3:*"
          Resource  = local.access_point_resources
          Condition = { Bool = { "aws:SecureTransport" = "false" } }
        },
        {
          Sid       = "OtherAccounts"
          Effect    = "Deny"
          Principal = "*"
          Action    = "s3:*"
          Resource  = local.access_point_resources
          Condition = { StringNotEquals = { "aws:PrincipalAccount" = var.account_id } }
        },
      ]
    })
  }
}
