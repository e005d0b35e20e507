variable "bucket" {
  description = "Name of the state bucket, the same that the estate's `backend.bucket` names. Changing it replaces the bucket."
  type        = string
  nullable    = false

  validation {
    condition     = length(var.bucket) >= 3 && length(var.bucket) <= 63
    error_message = "A bucket name has 3 to 63 characters; \"${var.bucket}\" has ${length(var.bucket)}."
  }
}

variable "lock_table" {
  description = "Name of the DynamoDB lock table, the same that the estate's `backend.lock_table` names. Changing it replaces the table."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^[A-Za-z0-9._-]{3,255}$", var.lock_table))
    error_message = "A table name has 3 to 255 letters, digits, dots, hyphens and underscores."
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

variable "noncurrent_state_days" {
  description = "Days after which an overwritten state version is deleted. Null keeps every version, and spares the bootstrap the provider's wait of about 55 s for a lifecycle configuration."
  type        = number
  default     = null
  nullable    = true

  validation {
    condition     = var.noncurrent_state_days == null ? true : var.noncurrent_state_days >= 30
    error_message = "Overwritten states are the way back from a mistake: keep them for 30 days at least."
  }
}

variable "kept_plan_days" {
  description = "Days after which a plan that was kept below `plans/` (`pytg plan --out s3://BUCKET/plans/NAME`) is deleted. Null keeps them, and spares the bootstrap the same wait."
  type        = number
  default     = null
  nullable    = true

  validation {
    condition     = var.kept_plan_days == null ? true : var.kept_plan_days >= 1
    error_message = "A plan is kept for a day at least."
  }
}
