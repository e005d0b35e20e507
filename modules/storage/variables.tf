variable "environment" {
  description = "Environment with its suffix, such as `dev-a1`: the first part of every name."
  type        = string
  nullable    = false
}

variable "account_id" {
  description = "Account of the buckets, 12 digits; part of their names, which are unique worldwide."
  type        = string
  nullable    = false
}

variable "region" {
  description = "Region of the provider and the second part of every name."
  type        = string
  nullable    = false
}

variable "region_role" {
  description = "`source` or `target`: decides what happens to documents in the phase `finalize`."
  type        = string
  nullable    = false

  validation {
    condition     = contains(["source", "target"], var.region_role)
    error_message = "A region is the source or the target."
  }
}

variable "migration_phase" {
  description = "Phase of the migration. Up to the cutover, and in a rollback, no rule moves or deletes a document; `soak` expires old versions; `finalize` also moves documents to a cheaper class."
  type        = string
  nullable    = false

  validation {
    condition     = contains(["assess", "seed", "sync", "verify", "shadow", "canary", "cutover", "soak", "rollback", "finalize"], var.migration_phase)
    error_message = "The phase is one of assess, seed, sync, verify, shadow, canary, cutover, soak, rollback, finalize."
  }
}

variable "documents_bucket" {
  description = "`create = false` uses the existing bucket `name` and touches none of its settings. With `create = true`, `name` overrides the name of a bucket that is adopted by import."
  type = object({
    create = optional(bool, true)
    name   = optional(string)
  })
  default  = {}
  nullable = false

  validation {
    condition     = var.documents_bucket.create || var.documents_bucket.name != null
    error_message = "An existing documents bucket needs its name."
  }
}

variable "abort_multipart_days" {
  description = "Days after which the parts of an upload that was never completed are deleted."
  type        = number
  default     = 7
  nullable    = false

  validation {
    condition     = var.abort_multipart_days >= 1
    error_message = "One day is the least that S3 takes."
  }
}

variable "noncurrent_version_days" {
  description = "Days that an overwritten or deleted document version is kept from the phase `soak` on. Give both regions the same: S3 copies no lifecycle action."
  type        = number
  default     = 90
  nullable    = false

  validation {
    condition     = var.noncurrent_version_days >= 1
    error_message = "One day is the least that S3 takes."
  }
}

variable "finalize_transition" {
  description = "Storage class that documents move to in the phase `finalize`, by the region's role; null leaves them. `days` count from a document's original creation, also in the copy."
  type = object({
    days   = optional(number, 30)
    source = optional(string, "GLACIER_IR")
    target = optional(string)
  })
  default  = {}
  nullable = false

  validation {
    condition     = alltrue([for class in compact([var.finalize_transition.source, var.finalize_transition.target]) : contains(["INTELLIGENT_TIERING", "GLACIER_IR"], class)])
    error_message = "Documents stay readable at once: INTELLIGENT_TIERING or GLACIER_IR."
  }
}

variable "ops_retention_days" {
  description = "Days that manifests, reports and inventories are kept in the ops bucket."
  type        = number
  default     = 90
  nullable    = false

  validation {
    condition     = var.ops_retention_days >= 1
    error_message = "One day is the least that S3 takes."
  }
}

variable "inventory" {
  description = "List of all document versions as CSV in the ops bucket, which verification compares. `frequency` is Daily or Weekly."
  type = object({
    enabled   = optional(bool, true)
    frequency = optional(string, "Daily")
  })
  default  = {}
  nullable = false

  validation {
    condition     = contains(["Daily", "Weekly"], var.inventory.frequency)
    error_message = "S3 lists Daily or Weekly."
  }
}

variable "request_metrics" {
  description = "Whether CloudWatch receives request metrics of the documents bucket (charged a metric). They prove at cutover where traffic goes."
  type        = bool
  default     = true
  nullable    = false
}
