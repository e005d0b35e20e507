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
  description = "Region that documents come from or go to."
  type        = string
  nullable    = false

  validation {
    condition     = var.peer_region != var.region
    error_message = "The peer is another region."
  }
}

variable "source_region" {
  description = "Region that documents come from: this one or the peer."
  type        = string
  nullable    = false

  validation {
    condition     = contains([var.region, var.peer_region], var.source_region)
    error_message = "The source is this region or its peer."
  }
}

variable "permissions_boundary" {
  description = "ARN of the policy that bounds every role; null: none."
  type        = string
  default     = null
  nullable    = true

  validation {
    condition     = var.permissions_boundary == null ? true : can(regex("^arn:[a-z-]+:iam::([0-9]{12}|aws):policy/.+$", var.permissions_boundary))
    error_message = "A permissions boundary is the ARN of an IAM policy."
  }
}

variable "documents_bucket" {
  description = "Name of this region's documents bucket. Its whole notification configuration is owned here: an existing one is replaced."
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

variable "ops_bucket" {
  description = "Name of this region's ops bucket: dead letters, evidence, records that the stream's reader gave up."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$", var.ops_bucket))
    error_message = "A bucket name has 3 to 63 lower-case letters, digits, dots and hyphens."
  }
}

variable "table_names" {
  description = "Name of the global tables by purpose; `metadata`, `control` and `checkpoints` are used."
  type        = map(string)
  nullable    = false

  validation {
    condition     = length(setsubtract(["metadata", "control", "checkpoints"], keys(var.table_names))) == 0
    error_message = "The tables metadata, control and checkpoints are needed."
  }

  validation {
    condition     = alltrue([for name in values(var.table_names) : can(regex("^[A-Za-z0-9._-]{3,255}$", name))])
    error_message = "A table name has 3 to 255 letters, digits, dots, hyphens and underscores."
  }
}

variable "stream_arns" {
  description = "Stream ARN of the global tables by purpose and region."
  type        = map(map(string))
  nullable    = false

  validation {
    condition     = can(regex("^arn:[a-z-]+:dynamodb:${var.region}:[0-9]{12}:table/.+/stream/.+$", var.stream_arns["metadata"][var.region]))
    error_message = "The stream of the table metadata in this region: arn:aws:dynamodb:<region>:<account>:table/<name>/stream/<label>."
  }
}

variable "event_bus_name" {
  description = "Name of this region's bus for events of the migration."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^[A-Za-z0-9._-]{1,256}$", var.event_bus_name)) && var.event_bus_name != "default"
    error_message = "A bus of its own: 1 to 256 letters, digits, dots, hyphens and underscores, and not `default`."
  }
}

variable "event_bus_arn" {
  description = "ARN of that bus."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^arn:[a-z-]+:events:${var.region}:[0-9]{12}:event-bus/.+$", var.event_bus_arn)) && endswith(var.event_bus_arn, ":event-bus/${var.event_bus_name}")
    error_message = "The ARN of the bus event_bus_name in this region: arn:aws:events:<region>:<account>:event-bus/<name>."
  }
}

variable "alerts_topic_arn" {
  description = "ARN of the topic for people: the alarm on records that the stream's reader gave up tells it."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^arn:[a-z-]+:sns:${var.region}:[0-9]{12}:.+$", var.alerts_topic_arn))
    error_message = "An alarm tells a topic of its own region: arn:aws:sns:<region>:<account>:<name>."
  }
}

variable "dead_letter_queue_arn" {
  description = "ARN of the queue for events that no target took. It has to take from the rules of this environment and region."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^arn:[a-z-]+:sqs:${var.region}:[0-9]{12}:[A-Za-z0-9_-]{1,80}$", var.dead_letter_queue_arn))
    error_message = "A rule hands its dead letters to a standard queue of its own region: arn:aws:sqs:<region>:<account>:<name>."
  }
}

variable "batch_role_arns" {
  description = "ARN of the role that S3 Batch Replication assumes, by region."
  type        = map(string)
  nullable    = false

  validation {
    condition     = can(regex("^arn:[a-z-]+:iam::[0-9]{12}:role/.+$", var.batch_role_arns[var.region]))
    error_message = "Name the role of this region: arn:aws:iam::<account>:role/<name>."
  }
}

variable "active_region_parameter" {
  description = "Name of this region's SSM parameter with the active region, which the traffic switch writes in both regions; null: there is none."
  type        = string
  default     = null
  nullable    = true

  validation {
    condition     = var.active_region_parameter == null ? true : length(split("-${var.region}-", var.active_region_parameter)) == 2
    error_message = "The parameter's name holds this region once, between hyphens: the peer's is found from it."
  }
}

variable "access_point_arn" {
  description = "ARN of the Multi-Region Access Point whose routes the traffic switch moves; null: there is none."
  type        = string
  default     = null
  nullable    = true

  validation {
    condition     = var.access_point_arn == null ? true : can(regex("^arn:[a-z-]+:s3::[0-9]{12}:accesspoint/[a-z0-9-]+\\.mrap$", var.access_point_arn))
    error_message = "A Multi-Region Access Point is named by its alias: arn:aws:s3::<account>:accesspoint/<alias>.mrap."
  }
}

variable "lock_table" {
  description = "Name of the state's lock table in the source region: the gate stays closed while somebody holds a lock. Empty: not looked at."
  type        = string
  default     = ""
  nullable    = false

  validation {
    condition     = var.lock_table == "" || can(regex("^[A-Za-z0-9._-]{3,255}$", var.lock_table))
    error_message = "A table name has 3 to 255 letters, digits, dots, hyphens and underscores."
  }
}

variable "backed_up_arns" {
  description = "ARNs of which the gate wants a recovery point of the last day, in the source region."
  type        = list(string)
  default     = []
  nullable    = false

  validation {
    condition     = alltrue([for arn in var.backed_up_arns : can(regex("^arn:[a-z-]+:(dynamodb:${var.source_region}:[0-9]{12}:table/|s3:::).+$", arn))])
    error_message = "The gate asks for backups of tables in the source region, and of buckets, by their ARN."
  }
}

variable "retry" {
  description = "Batch replication of what S3 could not copy, by a clock: below which prefixes, and when (UTC). Each run is a job, which AWS charges."
  type = object({
    enabled  = optional(bool, true)
    schedule = optional(string, "cron(0 2 * * ? *)")
    prefixes = optional(list(string), ["incoming/"])
  })
  default  = {}
  nullable = false

  validation {
    condition     = can(regex("^(cron|rate)\\(.+\\)$", var.retry.schedule)) && length(var.retry.prefixes) > 0 && alltrue([for p in var.retry.prefixes : p != ""])
    error_message = "A schedule is cron(...) or rate(...); name at least one prefix, none empty."
  }
}

variable "packages_directory" {
  description = "Directory of the zips, one a function, named by purpose. Null: `build/lambda` beside `modules`."
  type        = string
  default     = null
  nullable    = true
}

variable "bucket_notification_enabled" {
  description = "Whether this unit owns the bucket's notification configuration. False for an existing bucket that has one: add EventBridge and the queue for s3:Replication:* there."
  type        = bool
  default     = true
  nullable    = false
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

variable "log_retention_days" {
  description = "Days that each function's log is kept. One of the numbers that CloudWatch Logs knows."
  type        = number
  default     = 30
  nullable    = false

  validation {
    condition     = contains([1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653], var.log_retention_days)
    error_message = "CloudWatch Logs keeps 1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288 or 3653 days."
  }
}

variable "functions" {
  description = "Settings of single functions by purpose. `reserved_concurrency` is a fuse, and takes its number from what the account's other functions can use; `environment` adds variables, such as CONTENT_TYPES of ingest."
  type = map(object({
    memory_mb            = optional(number)
    timeout_seconds      = optional(number)
    reserved_concurrency = optional(number)
    environment          = optional(map(string), {})
  }))
  default  = {}
  nullable = false

  validation {
    condition = alltrue([for purpose, _ in var.functions : contains([
      "batch-starter", "gate-check", "heartbeat", "ingest", "replica-ledger", "replication-failures", "stream-consumer", "traffic-switch", "verifier",
    ], purpose)])
    error_message = "The functions are batch-starter, gate-check, heartbeat, ingest, replica-ledger, replication-failures, stream-consumer, traffic-switch and verifier."
  }

  validation {
    condition     = alltrue([for f in var.functions : try(f.timeout_seconds >= 1 && f.timeout_seconds <= 900, true) && try(f.memory_mb >= 128 && f.memory_mb <= 10240, true) && try(f.reserved_concurrency >= 0, true)])
    error_message = "Lambda takes 1 to 900 seconds, 128 to 10240 MB, and a reserved concurrency of 0 or more."
  }
}

variable "maximum_receives" {
  description = "How often a queue hands out a message before it becomes a dead letter."
  type        = number
  default     = 5
  nullable    = false

  validation {
    condition     = var.maximum_receives >= 5 && var.maximum_receives <= 1000
    error_message = "5 to 1000: with fewer, messages that Lambda could not take for lack of concurrency become dead letters."
  }
}

variable "queue_batch" {
  description = "How messages reach a function: at most `size` at once, collected for `window_seconds`, by at most `maximum_concurrency` instances."
  type = object({
    size                = optional(number, 10)
    window_seconds      = optional(number, 1)
    maximum_concurrency = optional(number, 50)
  })
  default  = {}
  nullable = false

  validation {
    condition     = var.queue_batch.size >= 1 && var.queue_batch.size <= 10000 && var.queue_batch.window_seconds >= 0 && var.queue_batch.window_seconds <= 300 && var.queue_batch.maximum_concurrency >= 2 && var.queue_batch.maximum_concurrency <= 1000
    error_message = "Lambda takes batches of 1 to 10000, windows of 0 to 300 seconds, and a concurrency of 2 to 1000."
  }

  validation {
    condition     = var.queue_batch.size <= 10 || var.queue_batch.window_seconds >= 1
    error_message = "Batches of more than 10 messages need a window of at least a second."
  }
}

variable "stream" {
  description = "How changes of metadata reach the stream's reader. Both limits are finite: a record that fails goes to the ops bucket and no longer holds up the others."
  type = object({
    batch_size             = optional(number, 100)
    window_seconds         = optional(number, 1)
    parallelization_factor = optional(number, 2)
    maximum_retries        = optional(number, 10)
    maximum_age_seconds    = optional(number, 21600)
  })
  default  = {}
  nullable = false

  validation {
    condition     = var.stream.maximum_retries >= 0 && var.stream.maximum_retries <= 10000 && var.stream.maximum_age_seconds >= 60 && var.stream.maximum_age_seconds <= 86400
    error_message = "Retries are 0 to 10000 and the age 60 to 86400 seconds (a stream keeps records for a day): -1 would try for ever."
  }

  validation {
    condition     = var.stream.batch_size >= 1 && var.stream.batch_size <= 10000 && var.stream.parallelization_factor >= 1 && var.stream.parallelization_factor <= 10
    error_message = "Lambda takes batches of 1 to 10000 records and a parallelization factor of 1 to 10."
  }
}
