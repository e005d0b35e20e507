variable "environment" {
  description = "Environment with its suffix, such as `dev-a1`: the first part of every name."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^[a-z][a-z0-9]*(-[a-z0-9]+)*$", var.environment)) && length(var.environment) <= 20
    error_message = "The environment has at most 20 lower-case letters, digits and single hyphens, and begins with a letter; got \"${var.environment}\"."
  }
}

variable "region" {
  description = "Region whose names are in `names`: the second part of each."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^[a-z]{2}(-[a-z]+)+-[0-9]$", var.region))
    error_message = "A region looks like eu-west-1; got \"${var.region}\"."
  }
}

variable "other_regions" {
  description = "Further regions whose names are wanted, in `names_in`."
  type        = set(string)
  default     = []
  nullable    = false

  validation {
    condition     = alltrue([for region in var.other_regions : can(regex("^[a-z]{2}(-[a-z]+)+-[0-9]$", region))])
    error_message = "A region looks like eu-west-1; got \"${join("\", \"", var.other_regions)}\"."
  }
}

variable "account_id" {
  description = "Account of what is named, 12 digits: the end of a bucket's name, which is unique worldwide."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^[0-9]{12}$", var.account_id))
    error_message = "An account id has 12 digits; got \"${var.account_id}\". Quote it in YAML, so that a leading zero stays."
  }
}

variable "purposes" {
  description = "What is to be named: the purposes, the last part of a name, by Terraform's resource type. A table with replicas is an `aws_dynamodb_global_table`."
  type        = map(set(string))
  default     = {}
  nullable    = false

  validation {
    condition     = length(setsubtract(keys(var.purposes), keys(local.types))) == 0
    error_message = "No name is known for ${join(", ", setsubtract(keys(var.purposes), keys(local.types)))}: put its service and its limit into modules/labels/types.tf."
  }

  validation {
    condition     = alltrue(flatten([for purposes in var.purposes : [for p in purposes : can(regex("^[a-z0-9]+(-[a-z0-9]+)*$", p))]]))
    error_message = "A purpose is made of lower-case letters, digits and single hyphens; got \"${join("\", \"", flatten([for purposes in var.purposes : tolist(purposes)]))}\"."
  }
}
