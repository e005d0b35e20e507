variable "buckets" {
  description = "Names of existing buckets of this region, by a key of your choice. A bucket that does not exist is an error."
  type        = map(string)
  default     = {}
  nullable    = false

  validation {
    condition     = alltrue([for name in values(var.buckets) : can(regex("^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$", name))])
    error_message = "A bucket name has 3 to 63 lower-case letters, digits, dots and hyphens."
  }
}

variable "tables" {
  description = "Names of existing DynamoDB tables of this region, by key."
  type        = map(string)
  default     = {}
  nullable    = false

  validation {
    condition     = alltrue([for name in values(var.tables) : can(regex("^[A-Za-z0-9._-]{3,255}$", name))])
    error_message = "A table name has 3 to 255 letters, digits, dots, hyphens and underscores."
  }
}

variable "roles" {
  description = "Names of existing IAM roles, by key."
  type        = map(string)
  default     = {}
  nullable    = false

  validation {
    condition     = alltrue([for name in values(var.roles) : can(regex("^[A-Za-z0-9+=,.@_-]{1,64}$", name))])
    error_message = "A role name, not its ARN, has 1 to 64 letters, digits and characters of +=,.@_-"
  }
}

variable "topics" {
  description = "Names of existing SNS topics of this region, by key."
  type        = map(string)
  default     = {}
  nullable    = false

  validation {
    condition     = alltrue([for name in values(var.topics) : can(regex("^[A-Za-z0-9_-]{1,256}([.]fifo)?$", name))])
    error_message = "A topic name, not its ARN, has 1 to 256 letters, digits, hyphens and underscores."
  }
}

variable "functions" {
  description = "Names of existing Lambda functions of this region, by key."
  type        = map(string)
  default     = {}
  nullable    = false

  validation {
    condition     = alltrue([for name in values(var.functions) : can(regex("^[A-Za-z0-9_-]{1,64}$", name))])
    error_message = "A function name, not its ARN, has 1 to 64 letters, digits, hyphens and underscores."
  }
}

variable "event_buses" {
  description = "Names of existing EventBridge buses of this region, by key."
  type        = map(string)
  default     = {}
  nullable    = false

  validation {
    condition     = alltrue([for name in values(var.event_buses) : can(regex("^[A-Za-z0-9._/-]{1,256}$", name))])
    error_message = "A bus name has 1 to 256 letters, digits and characters of ._/-"
  }
}

variable "discover" {
  description = "Resources of this region to find by tag, by key: `tags` maps a tag to the values that match (none: any value), `types` are resource types such as `s3` or `dynamodb:table` (none: all). Finding nothing is no error. Choose tags that this estate does not set, or its own resources appear among the existing ones."
  type = map(object({
    tags  = map(list(string))
    types = optional(list(string), [])
  }))
  default  = {}
  nullable = false

  validation {
    condition     = alltrue([for d in var.discover : length(d.tags) > 0])
    error_message = "Name one tag at least: without any, every resource of the region would be listed."
  }

  validation {
    condition     = alltrue([for d in var.discover : length(setintersection(keys(d.tags), ["migration-phase", "cutover-date"])) == 0])
    error_message = "migration-phase and cutover-date are on every resource that this estate makes: discover by another tag."
  }
}
