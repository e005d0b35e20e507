variable "environment" {
  description = "Environment with its suffix, such as `dev-a1`: the first part of every name."
  type        = string
  nullable    = false
}

variable "account_id" {
  description = "Account of the roles and of everything they may touch, 12 digits."
  type        = string
  nullable    = false
}

variable "source_region" {
  description = "Region that the documents come from."
  type        = string
  nullable    = false
}

variable "target_region" {
  description = "Region that the documents go to. Null leaves out the replication roles."
  type        = string
  default     = null
  nullable    = true

  validation {
    condition     = var.target_region != var.source_region
    error_message = "Source and target are two regions."
  }
}

variable "documents_bucket_names" {
  description = "Names of documents buckets that do not follow the naming scheme (existing ones), by region."
  type        = map(string)
  default     = {}
  nullable    = false

  validation {
    condition     = alltrue([for region, name in var.documents_bucket_names : contains([var.source_region, var.target_region], region) && can(regex("^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$", name))])
    error_message = "Bucket names by source_region or target_region, each of 3 to 63 lower-case letters, digits, dots and hyphens."
  }
}

variable "permissions_boundary" {
  description = "ARN of the policy that bounds every role; null: none. A Deny in it stops replication too."
  type        = string
  default     = null
  nullable    = true

  validation {
    condition     = var.permissions_boundary == null ? true : can(regex("^arn:[a-z-]+:iam::([0-9]{12}|aws):policy/.+$", var.permissions_boundary))
    error_message = "A permissions boundary is the ARN of an IAM policy."
  }
}

variable "service_trust_source_account" {
  description = "Whether the roles of S3 replication and Batch Operations trust the service only on behalf of this account (aws:SourceAccount). No AWS document shows that S3 sends it: try it on a real account first, replication stops silently otherwise."
  type        = bool
  default     = false
  nullable    = false
}

variable "cross_account_roles" {
  description = <<-EOT
    Roles that other accounts may assume; a missing key leaves the role out.
    `ops` runs the migration (control table, jobs, reports; it reads no document), `ingest` writes documents.
    `external_id` is asked for always; `organization_id`, `source_cidrs` and `require_mfa` add conditions. `max_session_seconds` is 3600 to 43200.
  EOT
  type = map(object({
    principal_arns      = list(string)
    external_id         = string
    organization_id     = optional(string)
    source_cidrs        = optional(list(string), [])
    require_mfa         = optional(bool, false)
    max_session_seconds = optional(number, 3600)
  }))
  default  = {}
  nullable = false

  validation {
    condition     = alltrue([for key, _ in var.cross_account_roles : contains(["ops", "ingest"], key)])
    error_message = "The cross-account roles are ops and ingest."
  }

  validation {
    condition = alltrue(flatten([for r in var.cross_account_roles : concat(
      [length(r.principal_arns) > 0],
      [for arn in r.principal_arns : can(regex("^arn:[a-z-]+:iam::[0-9]{12}:(root|(role|user)/[^*]+)$", arn))],
    )]))
    error_message = "Name at least one principal: arn:aws:iam::<account>:root, or :role/ or :user/ without wildcards."
  }

  validation {
    condition     = alltrue([for r in var.cross_account_roles : can(regex("^[A-Za-z0-9+=,.@:/-]{16,}$", r.external_id)) && length(r.external_id) <= 1224])
    error_message = "An external id has 16 to 1224 letters, digits and characters of +=,.@:/-"
  }

  validation {
    condition     = alltrue([for r in var.cross_account_roles : r.organization_id == null ? true : can(regex("^o-[a-z0-9]{10,32}$", r.organization_id))])
    error_message = "An organization id looks like o-a1b2c3d4e5."
  }

  validation {
    condition     = alltrue([for r in var.cross_account_roles : r.max_session_seconds >= 3600 && r.max_session_seconds <= 43200])
    error_message = "A session lasts 3600 to 43200 seconds."
  }
}

variable "ops_functions" {
  description = "Purposes of the Lambda functions that `ops` may invoke, in both regions: the last part of their names."
  type        = set(string)
  default     = []
  nullable    = false
}

variable "ops_state_machines" {
  description = "Purposes of the state machines that `ops` may start, watch, stop and resume, in both regions: the last part of their names."
  type        = set(string)
  default     = []
  nullable    = false
}

variable "ingest_prefix" {
  description = "Key prefix below which `ingest` may write documents; empty: anywhere in the documents buckets."
  type        = string
  default     = "incoming/"
  nullable    = false

  validation {
    condition     = var.ingest_prefix == "" || can(regex("^[^*?/][^*?]*/$", var.ingest_prefix))
    error_message = "The prefix ends with a slash, does not begin with one, and has no wildcard."
  }
}
