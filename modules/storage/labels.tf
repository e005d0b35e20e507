module "labels" {
  source = "../labels"

  environment = var.environment
  region      = var.region
  account_id  = var.account_id

  purposes = {
    aws_s3_bucket = ["documents", "ops"]
  }
}
