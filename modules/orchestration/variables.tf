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

  validation {
    condition     = var.region == (var.region_role == "source" ? var.source_region : var.target_region)
    error_message = "This region is the one that region_role says: source_region or target_region."
  }
}

variable "region_role" {
  description = "`source` or `target`: decides which state machines this region has (`machines`)."
  type        = string
  nullable    = false

  validation {
    condition     = contains(["source", "target"], var.region_role)
    error_message = "A region is the source or the target."
  }
}

variable "source_region" {
  description = "Region that the documents come from."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^[a-z]{2}(-[a-z]+)+-[0-9]$", var.source_region))
    error_message = "A region looks like eu-west-1."
  }
}

variable "target_region" {
  description = "Region that the documents go to."
  type        = string
  nullable    = false

  validation {
    condition     = var.target_region != var.source_region
    error_message = "Source and target are two regions."
  }

  validation {
    condition     = can(regex("^[a-z]{2}(-[a-z]+)+-[0-9]$", var.target_region))
    error_message = "A region looks like eu-west-1."
  }
}

variable "machines" {
  description = "State machines by the region's role. A machine that gives traffic to a region runs in it, so that it works while the other is impaired; copies are allowed."
  type        = map(set(string))
  default = {
    source = ["migration", "rollback"]
    target = ["cutover"]
  }
  nullable = false

  validation {
    condition     = toset(keys(var.machines)) == toset(["source", "target"])
    error_message = "Say it for source and for target."
  }

  validation {
    condition     = alltrue([for m in flatten([for names in values(var.machines) : tolist(names)]) : contains(["migration", "cutover", "rollback"], m)])
    error_message = "The machines are migration, cutover and rollback."
  }
}

variable "function_arns" {
  description = "ARN of this region's functions by purpose; `batch-starter`, `gate-check`, `ingest`, `traffic-switch` and `verifier` are used."
  type        = map(string)
  nullable    = false

  validation {
    condition     = length(setsubtract(["batch-starter", "gate-check", "ingest", "traffic-switch", "verifier"], keys(var.function_arns))) == 0
    error_message = "The functions batch-starter, gate-check, ingest, traffic-switch and verifier are needed."
  }

  validation {
    condition     = alltrue([for arn in values(var.function_arns) : can(regex("^arn:[a-z-]+:lambda:${var.region}:[0-9]{12}:function:[A-Za-z0-9_-]{1,64}$", arn))])
    error_message = "A state machine invokes functions of its own region: arn:aws:lambda:<region>:<account>:function:<name>."
  }
}

variable "documents_bucket" {
  description = "Name of this region's documents bucket, which verification lists."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$", var.documents_bucket))
    error_message = "A bucket name has 3 to 63 lower-case letters, digits, dots and hyphens."
  }
}

variable "ops_bucket" {
  description = "Name of this region's ops bucket: inventories are read from it, evidence is written to it."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$", var.ops_bucket))
    error_message = "A bucket name has 3 to 63 lower-case letters, digits, dots and hyphens."
  }
}

variable "checkpoints_table" {
  description = "Name of the table that the checkpoints are kept in."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^[A-Za-z0-9._-]{3,255}$", var.checkpoints_table))
    error_message = "A table name has 3 to 255 letters, digits, dots, hyphens and underscores."
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

variable "default_prefixes" {
  description = "Prefixes that the seed phase copies as one wave where the execution's input names no waves."
  type        = list(string)
  default     = ["incoming/"]
  nullable    = false

  validation {
    condition     = length(var.default_prefixes) > 0 && alltrue([for p in var.default_prefixes : p != ""])
    error_message = "Name one prefix at least. A job without one would take the whole bucket."
  }
}

variable "waived_checks" {
  description = "Checks of the gates that this environment goes without, by name, with the reason. An execution's input can waive more, never fewer."
  type        = map(string)
  default     = {}
  nullable    = false

  validation {
    condition     = alltrue([for why in values(var.waived_checks) : length(trimspace(why)) >= 10])
    error_message = "Say why, in ten characters at least: the reason stands in every verdict."
  }
}

variable "polling" {
  description = "How often and how many times the machines look: at jobs and the sync gate (`migration_*`), and at the drain and what follows it (`switch_*`). `route_seconds` is how long routes may take to move."
  type = object({
    migration_seconds = optional(number, 300)
    migration_most    = optional(number, 1500)
    switch_seconds    = optional(number, 10)
    switch_most       = optional(number, 90)
    route_seconds     = optional(number, 120)
  })
  default  = {}
  nullable = false

  validation {
    condition     = alltrue([for n in values(var.polling) : n >= 1])
    error_message = "One is the least."
  }

  # About ten history events a poll, of 25,000 that an execution may have.
  validation {
    condition     = var.polling.migration_most <= 2000 && var.polling.switch_most <= 500
    error_message = "migration_most is at most 2000 and switch_most at most 500: an execution has room for 25,000 events."
  }
}

variable "pause_days" {
  description = "Days that a paused execution waits to be resumed; then it fails, and a new one goes on at the same step."
  type        = number
  default     = 30
  nullable    = false

  validation {
    condition     = var.pause_days >= 1 && var.pause_days <= 364
    error_message = "An execution lives a year: 1 to 364 days."
  }
}

variable "function_seconds" {
  description = "Seconds after which the answer of a function is given up, and asked for again. Above the functions' own timeouts, the longest of which is 300: or the same work would run twice at a time."
  type        = number
  default     = 330
  nullable    = false

  validation {
    condition     = var.function_seconds >= 1 && var.function_seconds <= 900
    error_message = "A function runs 900 seconds at most."
  }
}

variable "wave_concurrency" {
  description = "Waves of existing objects that are copied at the same time."
  type        = number
  default     = 2
  nullable    = false

  validation {
    condition     = var.wave_concurrency >= 1
    error_message = "One is the least; 0 would be no limit."
  }
}

variable "verification" {
  description = "Size of the distributed maps that verify: `batch` objects a child, `concurrency` children at a time, and `seconds` that a batch may take (a child lives 300 at most). `import_batch`: objects a child of the import, which has 60 seconds."
  type = object({
    batch        = optional(number, 500)
    concurrency  = optional(number, 100)
    seconds      = optional(number, 290)
    import_batch = optional(number, 200)
  })
  default  = {}
  nullable = false

  validation {
    condition     = var.verification.batch >= 1 && var.verification.import_batch >= 1 && var.verification.concurrency >= 1 && var.verification.seconds >= 1 && var.verification.seconds <= 290
    error_message = "At least one object, one child and one second; at most 290 seconds."
  }
}

variable "log_retention_days" {
  description = "Days that the machines' logs are kept."
  type        = number
  default     = 90
  nullable    = false

  validation {
    condition     = contains([1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653], var.log_retention_days)
    error_message = "CloudWatch keeps logs 1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288 or 3653 days."
  }
}

variable "permissions_boundary" {
  description = "ARN of the policy that bounds the roles; null: none."
  type        = string
  default     = null
  nullable    = true

  validation {
    condition     = var.permissions_boundary == null ? true : can(regex("^arn:[a-z-]+:iam::([0-9]{12}|aws):policy/.+$", var.permissions_boundary))
    error_message = "A permissions boundary is the ARN of an IAM policy."
  }
}
