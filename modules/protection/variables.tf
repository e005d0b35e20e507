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

variable "region_role" {
  description = "`source` or `target`: decides whether this region backs up (`backup_from`)."
  type        = string
  nullable    = false

  validation {
    condition     = contains(["source", "target"], var.region_role)
    error_message = "A region is the source or the target."
  }
}

variable "peer_region" {
  description = "Region whose vault receives the copies."
  type        = string
  nullable    = false

  validation {
    condition     = var.peer_region != var.region
    error_message = "The copies go to another region."
  }
}

variable "backup_from" {
  description = "Role of the region that backs up, the other receives the copies: `source`, and `target` once the soak is over."
  type        = string
  default     = "source"
  nullable    = false

  validation {
    condition     = contains(["source", "target"], var.backup_from)
    error_message = "A region is the source or the target."
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

variable "table_names" {
  description = "Name of the global tables by purpose."
  type        = map(string)
  nullable    = false

  validation {
    condition     = length(setsubtract(var.dynamodb.tables, keys(var.table_names))) == 0
    error_message = "Every table of dynamodb.tables needs its name here."
  }
}

variable "dynamodb" {
  description = "Whether the tables are backed up, and which by purpose. Copies to the peer need DynamoDB's advanced features: `region_settings`."
  type = object({
    enabled = optional(bool, true)
    tables  = optional(set(string), ["metadata", "control", "checkpoints"])
  })
  default  = {}
  nullable = false

  validation {
    condition     = !var.dynamodb.enabled || length(var.dynamodb.tables) > 0
    error_message = "Name one table at least, or turn the tables' backup off."
  }
}

variable "documents" {
  description = "Whether the documents bucket is backed up. Off by default: 500 TB cost about 23,000 USD a month in each vault, and versions and replication already protect documents."
  type = object({
    enabled = optional(bool, false)
  })
  default  = {}
  nullable = false
}

variable "daily" {
  description = "The daily rule, in UTC. `copy_retention_days` 0 makes no copy in the peer region."
  type = object({
    schedule            = optional(string, "cron(0 3 * * ? *)")
    retention_days      = optional(number, 35)
    copy_retention_days = optional(number, 35)
  })
  default  = {}
  nullable = false

  validation {
    condition     = var.daily.retention_days >= 1 && var.daily.copy_retention_days >= 0
    error_message = "A backup is kept one day at least; copy_retention_days 0 makes no copy."
  }

  validation {
    condition     = can(regex("^cron\\(.+\\)$", var.daily.schedule))
    error_message = "A schedule looks like cron(0 3 * * ? *), in UTC."
  }
}

variable "monthly" {
  description = "A second rule, for compliance, such as 2557 days; null: none. `cold_after_days` moves tables' backups to cold storage, which keeps them 90 days at least; documents have none."
  type = object({
    schedule            = optional(string, "cron(0 4 1 * ? *)")
    retention_days      = number
    copy_retention_days = optional(number, 0)
    cold_after_days     = optional(number)
  })
  default  = null
  nullable = true

  validation {
    condition     = var.monthly == null ? true : var.monthly.retention_days >= 1 && can(regex("^cron\\(.+\\)$", var.monthly.schedule))
    error_message = "A backup is kept one day at least, and a schedule looks like cron(0 4 1 * ? *)."
  }

  validation {
    condition = try(var.monthly.cold_after_days, null) == null ? true : alltrue([
      for days in [var.monthly.retention_days, var.monthly.copy_retention_days] : days == 0 || days >= var.monthly.cold_after_days + 90
    ])
    error_message = "Cold storage keeps a backup 90 days at least: keep it that much longer than cold_after_days."
  }
}

variable "start_window_minutes" {
  description = "Minutes within which a backup begins, or is given up."
  type        = number
  default     = 60
  nullable    = false

  validation {
    condition     = var.start_window_minutes >= 60
    error_message = "60 minutes is the least that AWS Backup takes."
  }
}

variable "completion_window_minutes" {
  description = "Minutes within which a backup is complete, or is given up."
  type        = number
  default     = 10080
  nullable    = false

  validation {
    condition     = var.completion_window_minutes >= var.start_window_minutes + 60
    error_message = "A backup needs an hour at least after its start window."
  }
}

variable "governance_lock" {
  description = "Lock of the vault in governance mode: backups cannot be deleted before their time, except by whoever may remove the lock. It stands in the way of a destroy until it is turned off."
  type = object({
    enabled            = optional(bool, false)
    min_retention_days = optional(number, 1)
    max_retention_days = optional(number)
  })
  default  = {}
  nullable = false

  validation {
    condition     = var.governance_lock.min_retention_days >= 1
    error_message = "One day is the least that a lock asks for."
  }
}

variable "region_settings" {
  description = "Settings of AWS Backup for the whole account in this region, by resource type; null leaves them alone. `opt_in` names every type that AWS lists, `management` turns on DynamoDB's advanced features, which cross-region copies need."
  type = object({
    opt_in     = map(bool)
    management = optional(map(bool), { DynamoDB = true, EFS = true })
  })
  default  = null
  nullable = true
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
