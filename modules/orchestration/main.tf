resource "aws_cloudwatch_log_group" "this" {
  for_each = local.machines

  name              = local.log_names[each.key]
  retention_in_days = var.log_retention_days
}

resource "aws_sfn_state_machine" "this" {
  for_each = local.machines

  name       = local.names[each.key]
  role_arn   = "arn:${var.partition}:iam::${var.account_id}:role/${aws_iam_role.this[each.key].name}"
  type       = "STANDARD"
  definition = local.definitions[each.key]

  logging_configuration {
    level                  = "ALL"
    include_execution_data = true
    log_destination        = "arn:${var.partition}:logs:${var.region}:${var.account_id}:log-group:${aws_cloudwatch_log_group.this[each.key].name}:*"
  }

  tracing_configuration {
    enabled = true
  }

  # Step Functions tries the role's log permissions when it makes the machine.
  depends_on = [aws_iam_role_policy.this]
}
