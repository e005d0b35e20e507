variable "environment" {
  description = "Environment with its suffix, such as `dev-a1`: the first part of every name."
  type        = string
  nullable    = false
}

variable "account_id" {
  description = "Account of the tables, 12 digits; part of their ARNs."
  type        = string
  nullable    = false
}

variable "source_region" {
  description = "Region of the provider: here the tables are made."
  type        = string
  nullable    = false
}

variable "target_region" {
  description = "Region of the replicas. Null makes single-region tables."
  type        = string
  default     = null
  nullable    = true

  validation {
    condition     = var.target_region != var.source_region
    error_message = "The replica belongs into another region than the table."
  }
}

variable "replicas_enabled" {
  description = "Whether the tables have replicas in the target region. Turning it off deletes the replicas and their data there."
  type        = bool
  default     = true
  nullable    = false
}

variable "recovery_period_days" {
  description = "Days that point-in-time recovery reaches back in the source region, 1 to 35. In the replica it is AWS's default of 35."
  type        = number
  default     = 35
  nullable    = false

  validation {
    condition     = var.recovery_period_days >= 1 && var.recovery_period_days <= 35
    error_message = "Point-in-time recovery reaches back 1 to 35 days."
  }
}

variable "tables" {
  description = "The tables by purpose. `name` overrides the name of a table that is adopted by import. `ttl_attribute` holds seconds since 1970; items past it are deleted in every region. Global tables need the stream."
  type = map(object({
    name           = optional(string)
    partition_key  = optional(string, "pk")
    sort_key       = optional(string, "sk")
    stream_enabled = optional(bool, true)
    ttl_attribute  = optional(string, "expires_at")
  }))
  default = {
    metadata    = {}
    control     = {}
    checkpoints = {}
  }
  nullable = false

  validation {
    condition     = alltrue([for t in var.tables : t.name == null ? true : can(regex("^[A-Za-z0-9._-]{3,255}$", t.name))])
    error_message = "A table name has 3 to 255 letters, digits, dots, hyphens and underscores."
  }

  validation {
    condition     = alltrue([for t in var.tables : t.stream_enabled || var.target_region == null || !var.replicas_enabled])
    error_message = "DynamoDB copies a table through its stream: a table with a replica has stream_enabled = true."
  }
}
