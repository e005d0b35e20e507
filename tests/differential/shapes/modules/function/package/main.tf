variable "source_path" {
  type = any
}

locals {
  files    = fileset(var.source_path, "*.js")
  hash     = sha256(join("", [for f in local.files : filesha256("${var.source_path}/${f}")]))
  filename = "${path.module}/builds/${local.hash}.zip"
}

resource "terraform_data" "archive" {
  input            = local.filename
  triggers_replace = { hash = local.hash, template = templatefile("${path.module}/build.tftpl", { files = local.files }) }
}

output "filename" {
  value = terraform_data.archive.output
}

output "hash" {
  value = local.hash
}
