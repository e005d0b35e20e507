module "labels" {
  source = "../labels"

  environment   = var.environment
  region        = var.source_region
  other_regions = var.target_region[*]
  account_id    = var.account_id

  purposes = {
    aws_dynamodb_global_table = keys(var.tables)
  }
}
