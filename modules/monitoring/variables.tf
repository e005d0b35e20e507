variable "environment" {
  description = "Environment with its suffix, such as `dev-a1`: the first part of every name."
  type        = string
  nullable    = false
}

variable "account_id" {
  description = "Account of everything that is made or named here, 12 digits."
  type        = string
  nullable    = false
}

variable "region" {
  description = "Region of the provider and the second part of every name."
  type        = string
  nullable    = false
}

variable "peer_region" {
  description = "The other region: documents come from there and go there."
  type        = string
  nullable    = false

  validation {
    condition     = var.peer_region != var.region
    error_message = "The peer is another region."
  }
}

variable "region_role" {
  description = "`source` or `target`: which state machines run here, and where the dashboard is made (source)."
  type        = string
  nullable    = false

  validation {
    condition     = contains(["source", "target"], var.region_role)
    error_message = "A region is the source or the target."
  }
}

variable "metrics_namespace" {
  description = "CloudWatch namespace of the functions' own metrics."
  type        = string
  default     = "docmig"
  nullable    = false

  validation {
    condition     = can(regex("^[A-Za-z0-9._/#-]{1,255}$", var.metrics_namespace)) && !startswith(var.metrics_namespace, "AWS/")
    error_message = "A namespace has letters, digits and ._/#-, and does not begin with AWS/."
  }
}

variable "alerts_topic_arn" {
  description = "ARN of the topic that every alarm tells when it goes on and off."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^arn:[a-z-]+:sns:${var.region}:[0-9]{12}:.+$", var.alerts_topic_arn))
    error_message = "An alarm tells a topic of its own region: arn:aws:sns:<region>:<account>:<name>."
  }
}

variable "event_bus_name" {
  description = "Name of this region's bus for events of the migration: a dimension of its rules' metrics."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^[A-Za-z0-9._-]{1,256}$", var.event_bus_name)) && var.event_bus_name != "default"
    error_message = "A bus of its own: 1 to 256 letters, digits, dots, hyphens and underscores, and not `default`."
  }
}

variable "documents_bucket" {
  description = "Name of this region's documents bucket."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$", var.documents_bucket))
    error_message = "A bucket name has 3 to 63 lower-case letters, digits, dots and hyphens."
  }
}

variable "peer_documents_bucket" {
  description = "Name of the peer region's documents bucket."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$", var.peer_documents_bucket))
    error_message = "A bucket name has 3 to 63 lower-case letters, digits, dots and hyphens."
  }
}

variable "request_metrics_filter_id" {
  description = "FilterId of the documents buckets' request metrics, for the dashboard; null where they are off."
  type        = string
  default     = null
  nullable    = true
}

variable "replication_rule_id" {
  description = "Id of the replication rules, the same in both directions: a dimension of their metrics."
  type        = string
  default     = "documents-to-peer"
  nullable    = false

  validation {
    condition     = length(var.replication_rule_id) >= 1 && length(var.replication_rule_id) <= 255
    error_message = "The id of a replication rule has 1 to 255 characters."
  }
}

variable "table_names" {
  description = "Name of the global tables by purpose."
  type        = map(string)
  nullable    = false

  validation {
    condition     = length(setsubtract(var.global_tables, keys(var.table_names))) == 0
    error_message = "Every table of global_tables needs its name here."
  }
}

variable "global_tables" {
  description = "Purposes of the global tables to watch."
  type        = set(string)
  default     = ["metadata", "control", "checkpoints"]
  nullable    = false
}

variable "functions" {
  description = "The functions by purpose: their timeout, and what invokes them (`queue`, `stream`, `async` or `workflow`), which decides what can go wrong."
  type = map(object({
    timeout_seconds = number
    invoked         = string
  }))
  default = {
    batch-starter        = { timeout_seconds = 60, invoked = "async" }
    gate-check           = { timeout_seconds = 120, invoked = "workflow" }
    heartbeat            = { timeout_seconds = 60, invoked = "async" }
    ingest               = { timeout_seconds = 60, invoked = "queue" }
    replica-ledger       = { timeout_seconds = 60, invoked = "queue" }
    replication-failures = { timeout_seconds = 60, invoked = "queue" }
    stream-consumer      = { timeout_seconds = 60, invoked = "stream" }
    traffic-switch       = { timeout_seconds = 120, invoked = "workflow" }
    verifier             = { timeout_seconds = 300, invoked = "queue" }
  }
  nullable = false

  validation {
    condition     = alltrue([for f in var.functions : contains(["queue", "stream", "async", "workflow"], f.invoked)])
    error_message = "A function is invoked by queue, stream, async or workflow."
  }
}

variable "recording_functions" {
  description = "Purposes of the functions that count SyncFailed when they write a dead letter."
  type        = set(string)
  default     = ["ingest", "replica-ledger", "replication-failures", "stream-consumer", "verifier"]
  nullable    = false
}

variable "queues" {
  description = "Purposes of the functions' queues; each has dead letters."
  type        = set(string)
  default     = ["ingest", "replica-ledger", "replication-failures", "verifier"]
  nullable    = false
}

variable "state_machines" {
  description = "Purposes of the state machines, by the role of the region they run in."
  type = object({
    source = optional(set(string), ["migration", "rollback"])
    target = optional(set(string), ["cutover"])
  })
  default  = {}
  nullable = false
}

variable "bus_rules" {
  description = "Purposes of the rules on the migration's bus."
  type        = set(string)
  default     = ["alert", "document-synced", "forward", "record"]
  nullable    = false
}

variable "default_bus_rules" {
  description = "Purposes of the rules and schedules on the default bus."
  type        = set(string)
  default     = ["heartbeat", "object-events", "retry-failed"]
  nullable    = false
}

variable "s3_metric_sides" {
  description = "Which region of a replication gets which metric. AWS documents the bytes pending only: correct the others here if your account shows them elsewhere."
  type = object({
    latency            = optional(string, "destination")
    bytes_pending      = optional(string, "destination")
    operations_pending = optional(string, "destination")
    failed             = optional(string, "source")
  })
  default  = {}
  nullable = false

  validation {
    condition     = alltrue([for side in values(var.s3_metric_sides) : contains(["destination", "source"], side)])
    error_message = "A metric is published on the side of the destination or of the source."
  }
}

variable "thresholds" {
  description = "Numbers above which alarms go on. `table_quota_units` is the account's quota of units a second and table, `*_percent` a share of what is allowed."
  type = object({
    s3_latency_seconds    = optional(number, 900)
    s3_bytes_pending      = optional(number, 1000000000)
    s3_operations_pending = optional(number, 1000)
    table_latency_ms      = optional(number, 1000)
    table_latency_peak_ms = optional(number, 5000)
    table_quota_units     = optional(number, 40000)
    capacity_percent      = optional(number, 80)
    duration_percent      = optional(number, 80)
    iterator_age_ms       = optional(number, 60000)
    queue_age_seconds     = optional(number, 300)
    heartbeat_lag_ms      = optional(number, 1000)
    sentinel_pending_ms   = optional(number, 900000)
    peer_silence_ms       = optional(number, 180000)
  })
  default  = {}
  nullable = false

  validation {
    condition     = alltrue([for n in values(var.thresholds) : n > 0]) && var.thresholds.capacity_percent <= 100 && var.thresholds.duration_percent <= 100
    error_message = "Thresholds are above zero, shares at most 100."
  }
}
