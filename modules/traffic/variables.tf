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

variable "region_role" {
  description = "`source` or `target`: the source's unit makes the access point, which is one for both regions."
  type        = string
  nullable    = false

  validation {
    condition     = contains(["source", "target"], var.region_role)
    error_message = "A region is the source or the target."
  }
}

variable "source_region" {
  description = "Region that is active when the parameter is first made. Later values come from the traffic switch."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^[a-z]{2}(-[a-z]+)+-[0-9]$", var.source_region))
    error_message = "A region looks like eu-west-1."
  }

  validation {
    condition     = (var.region_role == "source") == (var.region == var.source_region)
    error_message = "The region whose role is `source` is source_region, and no other."
  }
}

variable "documents_bucket" {
  description = "Name of this region's documents bucket."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$", var.documents_bucket))
    error_message = "A bucket name has 3 to 63 lower-case letters, digits, dots and hyphens."
  }
}

variable "peer_documents_bucket" {
  description = "Name of the peer region's documents bucket."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$", var.peer_documents_bucket))
    error_message = "A bucket name has 3 to 63 lower-case letters, digits, dots and hyphens."
  }

  validation {
    condition     = var.peer_documents_bucket != var.documents_bucket
    error_message = "The peer's bucket is another one."
  }
}

variable "access_point" {
  description = "The Multi-Region Access Point over both documents buckets (charged a GB; clients sign with SigV4A). Off: clients follow the active region's parameter alone."
  type = object({
    enabled = optional(bool, true)
  })
  default  = {}
  nullable = false

  # The traffic switch moves routes from the region that takes over: each of the two must have the API.
  validation {
    condition     = !var.access_point.enabled || contains(["ap-northeast-1", "ap-southeast-2", "eu-west-1", "us-east-1", "us-west-2"], var.region)
    error_message = "S3 takes changes of routes in ap-northeast-1, ap-southeast-2, eu-west-1, us-east-1 and us-west-2 only: in another region go without the access point."
  }
}
