variable "environment" {
  description = "Environment with its suffix, such as `dev-a1`: the first part of every name."
  type        = string
  nullable    = false
}

variable "account_id" {
  description = "Account of the buses of both regions, 12 digits."
  type        = string
  nullable    = false
}

variable "region" {
  description = "Region of the provider and the second part of every name."
  type        = string
  nullable    = false
}

variable "peer_region" {
  description = "Region whose bus gets the events of this one."
  type        = string
  nullable    = false

  validation {
    condition     = var.peer_region != var.region
    error_message = "Events are forwarded to another region."
  }
}

variable "permissions_boundary" {
  description = "ARN of the policy that bounds the role; null: none."
  type        = string
  default     = null
  nullable    = true

  validation {
    condition     = var.permissions_boundary == null ? true : can(regex("^arn:[a-z-]+:iam::([0-9]{12}|aws):policy/.+$", var.permissions_boundary))
    error_message = "A permissions boundary is the ARN of an IAM policy."
  }
}

variable "archive_days" {
  description = "Days that events can be replayed. Zero would keep them for ever, and is refused."
  type        = number
  default     = 30
  nullable    = false

  validation {
    condition     = var.archive_days >= 1
    error_message = "At least one day; EventBridge takes 0 for ever."
  }
}

variable "log_retention_days" {
  description = "Days that the record of all events is kept. One of the numbers that CloudWatch Logs knows."
  type        = number
  default     = 90
  nullable    = false

  validation {
    condition     = contains([1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653], var.log_retention_days)
    error_message = "CloudWatch Logs keeps 1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288 or 3653 days."
  }
}

variable "forward_enabled" {
  description = "Whether the peer's bus gets the events of this region."
  type        = bool
  default     = true
  nullable    = false
}

variable "delivery" {
  description = "How long EventBridge tries a target before the event goes to the dead letters."
  type = object({
    maximum_age_seconds = optional(number, 3600)
    maximum_attempts    = optional(number, 20)
  })
  default  = {}
  nullable = false

  validation {
    condition     = var.delivery.maximum_age_seconds >= 60 && var.delivery.maximum_age_seconds <= 86400 && var.delivery.maximum_attempts >= 0 && var.delivery.maximum_attempts <= 185
    error_message = "EventBridge takes 60 to 86400 seconds and 0 to 185 attempts."
  }
}

variable "alert_on" {
  description = "Detail types of which people are told at once, by the topic of the region where it happened."
  type        = list(string)
  default = [
    "ChecksumMismatch",
    "CompensationFailed",
    "CutoverCompleted",
    "CutoverStarted",
    "DocumentSyncFailed",
    "MigrationFailed",
    "PhaseChanged",
    "PostCheckFailed",
    "RollbackCompleted",
    "RollbackStarted",
    "SwitchCompensated",
  ]
  nullable = false

  validation {
    condition     = length(var.alert_on) > 0
    error_message = "A pattern names at least one detail type."
  }
}

variable "alert_emails" {
  description = "Addresses that get the alerts, after confirming. The topic can have other subscribers too."
  type        = set(string)
  default     = []
  nullable    = false

  validation {
    condition     = alltrue([for a in var.alert_emails : can(regex("^[^@\\s]+@[^@\\s]+\\.[^@\\s]+$", a))])
    error_message = "An address looks like name@example.org."
  }
}
