data "aws_s3_bucket" "this" {
  for_each = var.buckets

  bucket = each.value
}

data "aws_dynamodb_table" "this" {
  for_each = var.tables

  name = each.value
}

data "aws_iam_role" "this" {
  for_each = var.roles

  name = each.value
}

data "aws_sns_topic" "this" {
  for_each = var.topics

  name = each.value
}

data "aws_lambda_function" "this" {
  for_each = var.functions

  function_name = each.value
}

data "aws_cloudwatch_event_bus" "this" {
  for_each = var.event_buses

  name = each.value
}

data "aws_resourcegroupstaggingapi_resources" "this" {
  for_each = var.discover

  resource_type_filters = each.value.types

  dynamic "tag_filter" {
    for_each = each.value.tags

    content {
      key    = tag_filter.key
      values = tag_filter.value
    }
  }
}
