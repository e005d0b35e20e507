resource "aws_cloudwatch_log_group" "this" {
  # checkov:skip=CKV_AWS_158: encrypted by AWS; a customer key outlives a destroy by seven days, and nothing may be left
  # checkov:skip=CKV_AWS_338: `log_retention_days` says how long; evidence that must last lies in the ops bucket
  for_each = local.machines

  name              = local.log_names[each.key]
  retention_in_days = var.log_retention_days
}

resource "aws_sfn_state_machine" "this" {
  for_each = local.machines

  name       = local.names[each.key]
  role_arn   = "arn:${module.labels.partition}:iam::${var.account_id}:role/${aws_iam_role.this[each.key].name}"
  type       = "STANDARD"
  definition = local.definitions[each.key]

  logging_configuration {
    level                  = "ALL"
    include_execution_data = true
    log_destination        = "arn:${module.labels.partition}:logs:${var.region}:${var.account_id}:log-group:${aws_cloudwatch_log_group.this[each.key].name}:*"
  }

  tracing_configuration {
    enabled = true
  }

  # Step Functions tries the role's log permissions when it makes the machine.
  depends_on = [aws_iam_role_policy.this]
}
