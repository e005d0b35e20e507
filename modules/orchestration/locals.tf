# Every name and ARN is built from inputs: the definitions are known, and checked by AWS, in the first plan.
locals {
  wanted   = var.machines[var.region_role]
  machines = { for purpose in local.wanted : purpose => local.settings[purpose] }

  settings = {
    migration = { template = "migration", from = var.source_region, to = var.target_region, phase_after = "verify" }
    cutover   = { template = "switch", from = var.source_region, to = var.target_region, phase_after = "soak" }
    rollback  = { template = "switch", from = var.target_region, to = var.source_region, phase_after = "rollback" }
  }

  names     = module.labels.names.aws_sfn_state_machine
  arns      = { for purpose, name in local.names : purpose => "arn:${module.labels.partition}:states:${var.region}:${var.account_id}:stateMachine:${name}" }
  log_names = { for purpose, name in local.names : purpose => "/aws/vendedlogs/states/${name}" }

  # By their names in the definitions.
  function_arns = { for purpose in ["batch-starter", "gate-check", "ingest", "traffic-switch", "verifier"] : replace(purpose, "-", "_") => var.function_arns[purpose] }

  event_bus_arn = "arn:${module.labels.partition}:events:${var.region}:${var.account_id}:event-bus/${var.event_bus_name}"
  table_arn     = "arn:${module.labels.partition}:dynamodb:${var.region}:${var.account_id}:table/${var.checkpoints_table}"

  definitions = { for purpose, m in local.machines : purpose => jsonencode(yamldecode(templatefile("${path.module}/asl/${m.template}.asl.yaml", merge(local.function_arns, {
    purpose          = purpose
    preflight_checks = jsonencode(purpose == "rollback" ? ["active-in-source", "lag:${m.from}-to-${m.to}"] : [])

    environment   = var.environment
    region        = var.region
    partition     = module.labels.partition
    source_region = var.source_region
    target_region = var.target_region
    from_region   = m.from
    to_region     = m.to
    phase_after   = m.phase_after

    checkpoints_table = var.checkpoints_table
    documents_bucket  = var.documents_bucket
    ops_bucket        = var.ops_bucket
    event_bus         = var.event_bus_name

    prefixes      = jsonencode(var.default_prefixes)
    waived_checks = jsonencode(var.waived_checks)

    poll_seconds        = var.polling.migration_seconds
    most_polls          = var.polling.migration_most
    switch_poll_seconds = var.polling.switch_seconds
    switch_most_polls   = var.polling.switch_most
    route_seconds       = var.polling.route_seconds
    pause_seconds       = var.pause_days * 86400
    function_seconds    = var.function_seconds
    verify_seconds      = var.verification.seconds
    wave_concurrency    = var.wave_concurrency
    verify_concurrency  = var.verification.concurrency
    verify_batch        = var.verification.batch
    import_batch        = var.verification.import_batch
  })))) }
}
