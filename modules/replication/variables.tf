variable "region" {
  description = "Region of the provider and of the bucket that is replicated."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^[a-z]{2}(-[a-z]+)+-[0-9]$", var.region))
    error_message = "A region looks like eu-west-1."
  }
}

variable "peer_region" {
  description = "Region of the bucket that receives the copies."
  type        = string
  nullable    = false

  validation {
    condition     = var.peer_region != var.region
    error_message = "Replication goes to another region."
  }
}

variable "documents_bucket" {
  description = "Name of this region's documents bucket. Its whole replication configuration is owned here: an existing one is replaced."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$", var.documents_bucket))
    error_message = "A bucket name has 3 to 63 lower-case letters, digits, dots and hyphens."
  }
}

variable "documents_bucket_arn" {
  description = "ARN of this region's documents bucket."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^arn:[a-z-]+:s3:::.+$", var.documents_bucket_arn)) && endswith(var.documents_bucket_arn, ":::${var.documents_bucket}")
    error_message = "The ARN of the bucket documents_bucket: arn:aws:s3:::name."
  }
}

variable "peer_documents_bucket_arn" {
  description = "ARN of the peer region's documents bucket."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^arn:[a-z-]+:s3:::[a-z0-9.-]+$", var.peer_documents_bucket_arn))
    error_message = "A bucket's ARN looks like arn:aws:s3:::name."
  }
}

variable "ops_bucket_arn" {
  description = "ARN of this region's ops bucket: manifests and reports of batch replication."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^arn:[a-z-]+:s3:::[a-z0-9.-]+$", var.ops_bucket_arn))
    error_message = "A bucket's ARN looks like arn:aws:s3:::name."
  }
}

variable "replication_role_arns" {
  description = "ARN of the role that S3 assumes, by the region of the bucket it reads."
  type        = map(string)
  nullable    = false

  validation {
    condition     = can(regex("^arn:[a-z-]+:iam::[0-9]{12}:role/.+$", var.replication_role_arns[var.region]))
    error_message = "Name the role of this region: arn:aws:iam::<account>:role/<name>."
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

variable "replication_enabled" {
  description = "Whether the rule copies. False keeps the rule, disabled: objects written meanwhile need batch replication later."
  type        = bool
  default     = true
  nullable    = false
}

variable "replication_time_control" {
  description = "Whether S3 commits itself to 99.99 % of new objects within 15 minutes (charged a GB)."
  type        = bool
  default     = true
  nullable    = false
}

variable "existing_object_replication" {
  description = "How objects from before the rule are copied. `batch` is S3 Batch Replication: Terraform lays the ground, the seed phase starts the job. `rule_block` writes the rule's old block, which AWS refuses with MalformedXML: it needs `accept_unsupported` and a compatible endpoint."
  type = object({
    enabled            = optional(bool, true)
    mode               = optional(string, "batch")
    accept_unsupported = optional(bool, false)
  })
  default  = {}
  nullable = false

  validation {
    condition     = contains(["batch", "rule_block"], var.existing_object_replication.mode)
    error_message = "The mode is batch or rule_block."
  }
}
