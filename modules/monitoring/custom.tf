# Measured by the project's own functions, in its own namespace.
locals {
  beat = { environment = var.environment, service = "heartbeat", from_region = var.region, to_region = var.peer_region }

  # No beat is as bad as a late one: missing data breach.
  heartbeat_alarms = {
    heartbeat-lag = {
      description         = "Writes of ${var.region} are seen in ${var.peer_region} after more than ${var.thresholds.heartbeat_lag_ms} ms, or nobody measures"
      namespace           = var.metrics_namespace
      metric              = "CrossRegionVisibleLagMs"
      dimensions          = local.beat
      statistic           = "Maximum"
      comparison          = "GreaterThanThreshold"
      threshold           = var.thresholds.heartbeat_lag_ms
      evaluation_periods  = 5
      datapoints_to_alarm = 3
      treat_missing_data  = "breaching"
    }
    heartbeat-sentinel = {
      description         = "An object of ${var.region} is not in ${var.peer_region} after more than ${var.thresholds.sentinel_pending_ms} ms, or nobody looks"
      namespace           = var.metrics_namespace
      metric              = "SentinelPendingMs"
      dimensions          = local.beat
      statistic           = "Maximum"
      comparison          = "GreaterThanThreshold"
      threshold           = var.thresholds.sentinel_pending_ms
      evaluation_periods  = 5
      datapoints_to_alarm = 3
      treat_missing_data  = "breaching"
    }
    heartbeat-peer-silence = {
      description         = "${var.peer_region} has stopped beating"
      namespace           = var.metrics_namespace
      metric              = "PeerSilenceMs"
      dimensions          = merge(local.beat, { from_region = var.peer_region, to_region = var.region })
      statistic           = "Maximum"
      comparison          = "GreaterThanThreshold"
      threshold           = var.thresholds.peer_silence_ms
      evaluation_periods  = 5
      datapoints_to_alarm = 3
      treat_missing_data  = "breaching"
    }
  }

  count_alarms = merge(
    { for purpose in var.recording_functions : "sync-${purpose}-failed" => {
      description = "Function ${purpose} has written dead letters"
      namespace   = var.metrics_namespace
      metric      = "SyncFailed"
      dimensions  = { environment = var.environment, service = purpose }
    } },
    {
      checksum-mismatch = {
        description = "Verification found a document that differs between the regions"
        namespace   = var.metrics_namespace
        metric      = "ChecksumMismatch"
        dimensions  = { environment = var.environment, service = "verifier" }
      }
    },
  )

  custom_alarms = merge(local.heartbeat_alarms, local.count_alarms)
}
