variable "create" {
  type    = bool
  default = true
}

variable "name" {
  type    = string
  default = ""
}

variable "cidr" {
  type    = string
  default = "0.0.0.0/0"
}

variable "secondary_cidr_blocks" {
  type    = list(string)
  default = []
}

variable "azs" {
  type    = list(string)
  default = []
}

variable "public_subnets" {
  type    = any
  default = []
}

variable "private_subnets" {
  type    = any
  default = []
}

variable "private_subnet_tags" {
  type    = map(string)
  default = {}
}

variable "subnet_tags_per_az" {
  type    = map(map(string))
  default = {}
}

variable "single_nat_gateway" {
  type    = bool
  default = false
}

variable "one_nat_gateway_per_az" {
  type    = bool
  default = false
}

variable "enable_flow_log" {
  type    = bool
  default = false
}

variable "default_security_group_ingress" {
  type    = list(map(string))
  default = []
}

variable "tags" {
  type    = map(string)
  default = {}
}

locals {
  # a number of subnets, or their ranges
  public  = try(range(tonumber(var.public_subnets)), var.public_subnets)
  private = try(range(tonumber(var.private_subnets)), var.private_subnets)

  public_cidrs  = [for i, s in local.public : try(cidrsubnet(s, 0, 0), cidrsubnet(var.cidr, 8, i))]
  private_cidrs = [for i, s in local.private : try(cidrsubnet(s, 0, 0), cidrsubnet(var.cidr, 4, i + 4))]

  most = max(length(local.private), length(local.public))
  nats = var.single_nat_gateway ? 1 : var.one_nat_gateway_per_az ? length(var.azs) : local.most
  id   = try(terraform_data.secondary[0].output.vpc, terraform_data.vpc[0].id, "")
}

resource "terraform_data" "vpc" {
  count = var.create ? 1 : 0
  input = {
    cidr = var.cidr
    tags = merge({ Name = var.name }, var.tags)
  }
}

resource "terraform_data" "secondary" {
  count = var.create && length(var.secondary_cidr_blocks) > 0 ? length(var.secondary_cidr_blocks) : 0
  input = {
    vpc  = terraform_data.vpc[0].id
    cidr = element(var.secondary_cidr_blocks, count.index)
  }
}

resource "terraform_data" "public" {
  count = var.create && length(local.public) > 0 && (!var.one_nat_gateway_per_az || length(local.public) >= length(var.azs)) ? length(local.public) : 0
  input = {
    vpc  = local.id
    cidr = element(concat(local.public_cidrs, [""]), count.index)
    zone = length(regexall("^[a-z]{2}-", element(var.azs, count.index))) > 0 ? element(var.azs, count.index) : null
    id   = length(regexall("^[a-z]{2}-", element(var.azs, count.index))) == 0 ? element(var.azs, count.index) : null
    tags = merge({ Name = try(var.names[count.index], format("%s-public-%s", var.name, element(var.azs, count.index))) }, var.tags)
  }
}

variable "names" {
  type    = list(string)
  default = []
}

resource "terraform_data" "private" {
  count = var.create && length(local.private) > 0 ? length(local.private) : 0
  input = {
    vpc  = local.id
    cidr = element(concat(local.private_cidrs, [""]), count.index)
    zone = element(var.azs, count.index)
    tags = merge(
      { Name = format("${var.name}-private-%s", element(var.azs, count.index)) },
      var.tags,
      { for k, v in var.private_subnet_tags : k => v if v != null },
      lookup(var.subnet_tags_per_az, element(var.azs, count.index), {}),
    )
  }

  lifecycle {
    ignore_changes = [triggers_replace]
  }
}

resource "terraform_data" "nat" {
  count = var.create ? local.nats : 0
  input = {
    subnet = element(terraform_data.public[*].id, var.single_nat_gateway ? 0 : count.index)
    eip    = try(element(terraform_data.vpc[*].id, 0), "")
  }

  depends_on = [terraform_data.vpc]

  lifecycle {
    create_before_destroy = true
  }
}

resource "terraform_data" "security_group" {
  count = var.create ? 1 : 0
  input = [
    for rule in var.default_security_group_ingress : {
      self        = tobool(lookup(rule, "self", null))
      cidr_blocks = compact(split(",", lookup(rule, "cidr_blocks", "")))
      description = lookup(rule, "description", null)
      from_port   = lookup(rule, "from_port", 0)
      to_port     = lookup(rule, "to_port", 0)
      protocol    = lookup(rule, "protocol", "-1")
    }
  ]
}

resource "terraform_data" "flow_log" {
  count = var.create && var.enable_flow_log ? 1 : 0
  input = jsonencode({ vpc = local.id, format = "$${version} %{if true}x%{endif}" })
}

output "id" {
  value = try(terraform_data.vpc[0].id, null)
}

output "private_subnet_ids" {
  value = terraform_data.private[*].id
}

output "nat_ids" {
  value = terraform_data.nat[*].id
}

output "flow_log_id" {
  value = one(terraform_data.flow_log[*].id)
}

output "subnets_by_zone" {
  value = {
    ids             = zipmap([for s in terraform_data.private : s.output.zone], terraform_data.private[*].id)
    "by name & tag" = { for s in terraform_data.private : s.output.tags.Name => [s.output.cidr, lookup(s.output.tags, "zone", null)] }
    all             = flatten([terraform_data.public[*].output.cidr, terraform_data.private[*].output.cidr])
  }
}

output "sealed" {
  value     = { token = sha1(var.name), "spare key" = tonumber(null) }
  sensitive = true
}
