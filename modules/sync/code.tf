# Zips lie in a bucket under their hash: `packages_directory` may be a path that differs from one checkout to the next, and as
# `filename` of a function each would want to upload the code anew.
locals {
  packages_directory = coalesce(var.packages_directory, "${path.module}/../../build/lambda")
  packages           = { for purpose, _ in local.functions : purpose => "${local.packages_directory}/${purpose}.zip" }

  # Without its file a package has no hash; the precondition below says what to do.
  package_hashes = { for purpose, path in local.packages : purpose => fileexists(path) ? filesha256(path) : "missing" }
  package_keys   = { for purpose, hash in local.package_hashes : purpose => "${purpose}/${hash}.zip" }
}

module "code" {
  source = "../bucket"

  bucket    = local.code_bucket
  partition = module.labels.partition

  lifecycle_rules = [{
    id                         = "old-packages"
    abort_multipart_days       = 7
    noncurrent_expiration_days = 30
  }]
}

resource "aws_s3_object" "package" {
  for_each = { for purpose, key in local.package_keys : key => local.packages[purpose] }

  bucket       = module.code.bucket
  key          = each.key
  source       = each.value
  content_type = "application/zip"

  lifecycle {
    ignore_changes = [source]

    precondition {
      condition     = fileexists(each.value)
      error_message = "There is no ${basename(each.value)}: pack the functions first, with scripts/build_lambda.py."
    }
  }
}
