variable "create" {
  type    = bool
  default = true
}

variable "create_package" {
  type    = bool
  default = true
}

variable "function_name" {
  type    = string
  default = ""
}

variable "description" {
  type    = string
  default = ""
}

variable "vpc_subnet_ids" {
  type    = list(string)
  default = null
}

variable "subnets_by_zone" {
  type    = any
  default = {}
}

variable "environment_variables" {
  type    = map(string)
  default = {}
}

variable "attach_policy_statements" {
  type    = bool
  default = false
}

variable "policy_statements" {
  type    = any
  default = {}
}

variable "allowed_triggers" {
  type    = map(any)
  default = {}
}

variable "layers" {
  type    = list(string)
  default = null
}

variable "sealed" {
  type      = any
  default   = null
  sensitive = true
}

variable "policy_path" {
  type    = string
  default = null
}

module "package" {
  source      = "./package"
  count       = var.create && var.create_package ? 1 : 0
  source_path = "${path.module}/package"
}

locals {
  create = var.create && try(length(var.function_name) > 0, false)

  statements = [
    for key, statement in var.policy_statements : {
      Sid       = try(statement.sid, replace(key, "/[^0-9A-Za-z]*/", ""))
      Effect    = try(statement.effect, "Allow")
      Action    = try(statement.actions, null)
      NotAction = try(statement.not_actions, null)
      Resource  = try(tolist(statement.resources), [statement.resource], null)
      Condition = { for c in try(values(statement.condition), []) : c.test => try(c.values, []) }
    }
  ]
}

resource "terraform_data" "role" {
  count = local.create ? 1 : 0
  input = {
    name = coalesce(try(var.role_name, null), var.function_name, "*")
    path = try(coalesce(var.policy_path), "/")
  }
}

variable "role_name" {
  type    = string
  default = null
}

resource "terraform_data" "policy" {
  count = local.create && var.attach_policy_statements ? 1 : 0
  input = jsonencode({
    Version   = "2012-10-17"
    Statement = [for s in local.statements : { for k, v in s : k => v if v != null && v != {} }]
  })
}

resource "terraform_data" "this" {
  count = local.create ? 1 : 0
  input = {
    filename = try(module.package[0].filename, null)
    hash     = try(module.package[0].hash, null)
    root     = path.root
    role     = terraform_data.role[0].id
    layers   = var.layers
    vpc      = [for subnets in var.vpc_subnet_ids == null ? [] : [var.vpc_subnet_ids] : { subnet_ids = subnets }]
    env      = length(keys(var.environment_variables)) == 0 ? [] : [{ variables = var.environment_variables }]
    zones    = var.subnets_by_zone
    sealed   = var.sealed
  }

  lifecycle {
    replace_triggered_by = [terraform_data.role]

    precondition {
      condition     = var.vpc_subnet_ids == null ? true : length(var.vpc_subnet_ids) > 0
      error_message = "A function in a network needs a subnet."
    }
  }

  depends_on = [terraform_data.policy]
}

resource "terraform_data" "trigger" {
  for_each = { for k, v in var.allowed_triggers : k => v if local.create }
  input = {
    function  = terraform_data.this[0].id
    principal = try(each.value.principal, format("%s.amazonaws.com", try(each.value.service, "")))
    qualifier = lookup(each.value, "qualifier", null)
  }
}

output "description" {
  value = {
    id       = try(terraform_data.this[0].id, "")
    role     = try(terraform_data.role[0].output, null)
    triggers = { for k, t in terraform_data.trigger : k => t.id }
    policy   = one(terraform_data.policy[*].output)
    package  = one(module.package[*].filename)
  }
}
