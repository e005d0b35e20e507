locals {
  # What all names of a type begin with, by region and type.
  beginnings = { for region in setunion([var.region], var.other_regions) : region => {
    for type, t in local.types :
    type => "${var.environment}-${contains(local.shared, type) ? "global" : region}-${t.service}"
  } }

  names = { for region, beginnings in local.beginnings : region => {
    for type, purposes in var.purposes : type => {
      for purpose in purposes :
      purpose => join("-", compact([beginnings[type], purpose, contains(local.worldwide, type) ? var.account_id : ""]))
    }
  } }

  too_long = distinct(flatten([for names in values(local.names) : [
    for type, by_purpose in names : [
      for purpose, name in by_purpose :
      "${name} has ${length(name)} characters, ${type} takes ${local.types[type].longest}: shorten the environment, its suffix or the purpose \"${purpose}\" by ${length(name) - local.types[type].longest}."
      if length(name) > local.types[type].longest
    ]
  ]]))
}
