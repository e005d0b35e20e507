variable "bucket" {
  description = "Name of the bucket: unique among all AWS accounts, 3 to 63 characters. Changing it replaces the bucket."
  type        = string
  nullable    = false

  validation {
    condition     = length(var.bucket) >= 3 && length(var.bucket) <= 63
    error_message = "A bucket name has 3 to 63 characters; \"${var.bucket}\" has ${length(var.bucket)}. Shorten the environment, its suffix or the purpose."
  }

  validation {
    condition     = can(regex("^[a-z0-9]([a-z0-9-]*[a-z0-9])?$", var.bucket)) && !startswith(var.bucket, "xn--") && !endswith(var.bucket, "-s3alias")
    error_message = "A bucket name is made of lower-case letters, digits and hyphens, begins and ends with a letter or digit, and neither begins with xn-- nor ends with -s3alias."
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

variable "policy_statements" {
  description = "Statements that join the bucket policy, each as JSON text. The refusals of plain HTTP, old TLS and SSE-C are always there."
  type        = list(string)
  default     = []
  nullable    = false

  validation {
    condition     = alltrue([for s in var.policy_statements : can(jsondecode(s).Effect)])
    error_message = "Each statement is the JSON text of an object with an Effect."
  }
}

variable "lifecycle_rules" {
  description = "Lifecycle rules, for the whole bucket where no prefix is given, all numbers in days. Empty: no lifecycle configuration, which spares the provider's wait of about 55 s."
  type = list(object({
    id                            = string
    prefix                        = optional(string)
    abort_multipart_days          = optional(number)
    expiration_days               = optional(number)
    noncurrent_expiration_days    = optional(number)
    remove_expired_delete_markers = optional(bool, false)
    transition = optional(object({
      days          = number
      storage_class = string
    }))
  }))
  default  = []
  nullable = false

  validation {
    condition     = length(distinct(var.lifecycle_rules[*].id)) == length(var.lifecycle_rules)
    error_message = "Each lifecycle rule needs an id of its own."
  }

  validation {
    condition     = alltrue([for r in var.lifecycle_rules : !(r.expiration_days != null && r.remove_expired_delete_markers)])
    error_message = "S3 takes expiration_days or remove_expired_delete_markers in one rule, not both: make two rules."
  }
}

variable "request_metrics" {
  description = "Whether CloudWatch receives request metrics of the bucket (charged a metric). They prove at cutover where traffic goes."
  type        = bool
  default     = false
  nullable    = false
}
