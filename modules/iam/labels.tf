# Of buckets, tables, functions and state machines the names alone: they are made with these roles, and come after them.
module "labels" {
  source = "../labels"

  environment   = var.environment
  region        = var.source_region
  other_regions = var.target_region[*]
  account_id    = var.account_id

  purposes = {
    aws_dynamodb_global_table = ["metadata", "control", "checkpoints"]
    aws_lambda_function       = var.ops_functions
    aws_s3_bucket             = ["documents", "ops"]
    aws_sfn_state_machine     = var.ops_state_machines

    aws_iam_role = concat(
      keys(var.cross_account_roles),
      flatten([for region, _ in local.peers : ["s3-replication-${region}", "s3-batch-${region}"]]),
    )
  }
}
