locals {
  state_machines = var.state_machines[var.region_role]
  machine_arns = { for purpose in local.state_machines :
    purpose => "arn:${module.labels.partition}:states:${var.region}:${var.account_id}:stateMachine:${module.watched.names.aws_sfn_state_machine[purpose]}"
  }

  machine_alarms = merge([for purpose, arn in local.machine_arns : {
    for metric, slug in {
      ExecutionsAborted = "aborted", ExecutionsFailed = "failed", ExecutionsTimedOut = "timed-out", ExecutionThrottled = "throttled",
      } : "sfn-${purpose}-${slug}" => {
      description = "State machine ${purpose}: ${metric}"
      namespace   = "AWS/States"
      metric      = metric
      dimensions  = { StateMachineArn = arn }
    }
  }]...)

  # A rule of the default bus has the dimension RuleName alone.
  rule_dimensions = merge(
    { for purpose in var.bus_rules : purpose => { RuleName = module.watched.names.aws_cloudwatch_event_rule[purpose], EventBusName = var.event_bus_name } },
    { for purpose in var.default_bus_rules : purpose => { RuleName = module.watched.names.aws_cloudwatch_event_rule[purpose] } },
  )

  rule_alarms = merge([for purpose, dimensions in local.rule_dimensions : {
    for metric, slug in { FailedInvocations = "failed", InvocationsSentToDlq = "dead-letters" } : "events-${purpose}-${slug}" => {
      description                           = "Rule ${purpose}: ${metric}"
      namespace                             = "AWS/Events"
      metric                                = metric
      dimensions                            = dimensions
    }
  }]...)
}
