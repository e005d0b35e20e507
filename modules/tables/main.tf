locals {
  names = { for purpose, table in var.tables :
    purpose => coalesce(table.name, module.labels.names.aws_dynamodb_global_table[purpose])
  }
  replica_regions = var.replicas_enabled ? var.target_region[*] : []
  regions         = concat([var.source_region], local.replica_regions)
}

resource "aws_dynamodb_table" "this" {
  # checkov:skip=CKV_AWS_119: encrypted by AWS; a customer key outlives a destroy by seven days, and nothing may be left
  for_each = var.tables

  name                        = local.names[each.key]
  billing_mode                = "PAY_PER_REQUEST"
  hash_key                    = each.value.partition_key
  range_key                   = each.value.sort_key
  stream_enabled              = each.value.stream_enabled
  stream_view_type            = each.value.stream_enabled ? "NEW_AND_OLD_IMAGES" : null
  deletion_protection_enabled = false

  dynamic "attribute" {
    for_each = [each.value.partition_key, each.value.sort_key]

    content {
      name = attribute.value
      type = "S"
    }
  }

  ttl {
    attribute_name = each.value.ttl_attribute
    enabled        = true
  }

  point_in_time_recovery {
    enabled                 = true
    recovery_period_in_days = var.recovery_period_days
  }

  # The provider removes replicas before the table, which DynamoDB asks for.
  dynamic "replica" {
    for_each = local.replica_regions

    content {
      region_name            = replica.value
      point_in_time_recovery = true
      propagate_tags         = true
    }
  }
}
