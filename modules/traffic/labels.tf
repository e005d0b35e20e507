module "labels" {
  source = "../labels"

  environment = var.environment
  region      = var.region
  account_id  = var.account_id

  purposes = {
    aws_s3control_multi_region_access_point = ["documents"]
    aws_ssm_parameter                       = ["active-region"]
  }
}
