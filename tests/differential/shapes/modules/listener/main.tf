variable "create" {
  type    = bool
  default = true
}

variable "functions" {
  type    = any
  default = {}
}

variable "zones" {
  type    = any
  default = null
}

variable "actions" {
  type = list(object({
    type   = optional(string, "forward")
    order  = optional(number)
    target = optional(object({ weight = optional(number, 100), stickiness = optional(map(string), {}) }), {})
  }))
  default = [{}]
}

locals {
  pairs = merge([
    for name, function in var.functions : {
      for trigger, id in function.triggers : "${name}.${trigger}" => { id = id, role = try(function.role.name, null) }
    }
  ]...)
}

resource "terraform_data" "rule" {
  for_each = var.create ? local.pairs : tomap({})
  input    = merge(each.value, { actions = var.actions, zone = try(keys(var.zones.ids)[0], null) })
}

output "rules" {
  value = { for k, r in terraform_data.rule : k => r.id }
}
