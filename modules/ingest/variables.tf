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

variable "documents_bucket" {
  description = "Name of the source region's documents bucket."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$", var.documents_bucket))
    error_message = "A bucket name has 3 to 63 lower-case letters, digits, dots and hyphens."
  }
}

variable "sources" {
  description = <<-EOT
    Where documents come from, by a key of your choice; none: nothing is made.
    `kind` is nfs, smb or object_storage; `agent_arns` are activated DataSync agents; `path` is the directory there, `prefix` the one in the bucket, which ends with a slash.
    `user` (and `domain`) are for smb, `user` is the access key of an object storage, whose `bucket` and `port` are needed. `bytes_per_second` -1 is no limit. Without `schedule` a task runs when it is started.
  EOT
  type = map(object({
    kind             = string
    host             = string
    agent_arns       = set(string)
    path             = optional(string, "/")
    prefix           = optional(string, "incoming/")
    user             = optional(string)
    domain           = optional(string)
    bucket           = optional(string)
    port             = optional(number, 443)
    bytes_per_second = optional(number, -1)
    schedule         = optional(string)
  }))
  default  = {}
  nullable = false

  validation {
    condition     = alltrue([for key, s in var.sources : can(regex("^[a-z][a-z0-9]*(-[a-z0-9]+)*$", key)) && contains(["nfs", "smb", "object_storage"], s.kind)])
    error_message = "A key is made of lower-case letters, digits and single hyphens; the kind is nfs, smb or object_storage."
  }

  validation {
    condition     = alltrue([for s in var.sources : length(s.agent_arns) > 0 && alltrue([for arn in s.agent_arns : can(regex("^arn:[a-z-]+:datasync:[a-z0-9-]+:[0-9]{12}:agent/.+$", arn))])])
    error_message = "A source needs one activated agent at least: arn:aws:datasync:<region>:<account>:agent/<id>."
  }

  validation {
    condition     = alltrue([for s in var.sources : s.kind != "smb" || s.user != null]) && alltrue([for s in var.sources : s.kind != "object_storage" || s.bucket != null])
    error_message = "An smb source needs its user, an object storage its bucket."
  }

  validation {
    condition     = alltrue([for s in var.sources : can(regex("^[^*?/][^*?]*/$", s.prefix))])
    error_message = "The prefix ends with a slash, does not begin with one, and has no wildcard."
  }
}

variable "secrets" {
  description = "Password of an smb source, or secret key of an object storage, by the source's key. They end up in the state."
  type        = map(string)
  default     = {}
  nullable    = false
  sensitive   = true

  validation {
    condition     = length(setsubtract(nonsensitive(keys(var.secrets)), keys(var.sources))) == 0
    error_message = "A secret belongs to a source of the same key."
  }

  validation {
    condition     = length(setsubtract([for key, s in var.sources : key if s.kind == "smb"], nonsensitive(keys(var.secrets)))) == 0
    error_message = "An smb source needs its password here."
  }
}

variable "log_retention_days" {
  description = "Days that the tasks' logs are kept."
  type        = number
  default     = 90
  nullable    = false

  validation {
    condition     = contains([1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653], var.log_retention_days)
    error_message = "CloudWatch keeps logs 1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288 or 3653 days."
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
