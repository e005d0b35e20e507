variable "environment" {
  description = "Environment with its suffix, such as `dev-a1`: the first part of every name."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^[a-z][a-z0-9]*(-[a-z0-9]+)*$", var.environment)) && length(var.environment) <= 20
    error_message = "The environment has at most 20 lower-case letters, digits and single hyphens, and begins with a letter."
  }
}

variable "account_id" {
  description = "Account of the tables, 12 digits; part of their ARNs."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^[0-9]{12}$", var.account_id))
    error_message = "An account id has 12 digits. Quote it in YAML, so that a leading zero stays."
  }
}

variable "source_region" {
  description = "Region of the provider: here the tables are made."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^[a-z]{2}(-[a-z]+)+-[0-9]$", var.source_region))
    error_message = "A region looks like eu-west-1."
  }
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

variable "partition" {
  description = "AWS partition of the ARNs: aws, aws-us-gov or aws-cn."
  type        = string
  default     = "aws"
  nullable    = false

  validation {
    condition     = contains(["aws", "aws-us-gov", "aws-cn"], var.partition)
    error_message = "The partition is aws, aws-us-gov or aws-cn."
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
    condition     = alltrue([for purpose, _ in var.tables : can(regex("^[a-z][a-z0-9]*(-[a-z0-9]+)*$", purpose))])
    error_message = "A purpose is made of lower-case letters, digits and single hyphens."
  }

  validation {
    condition     = alltrue([for t in var.tables : t.stream_enabled || var.target_region == null || !var.replicas_enabled])
    error_message = "DynamoDB copies a table through its stream: a table with a replica has stream_enabled = true."
  }
}
