module "labels" {
  source = "../labels"

  environment = var.environment
  region      = var.region
  account_id  = var.account_id

  purposes = {
    aws_datasync_task = concat(["ingest"], keys(var.sources))
    aws_iam_role      = ["datasync-${var.region}"]
  }
}
