module "labels" {
  source = "../labels"

  environment = var.environment
  region      = var.region
  account_id  = var.account_id

  purposes = {
    aws_iam_role          = [for purpose, _ in local.settings : "sfn-${purpose}-${var.region}"]
    aws_sfn_state_machine = keys(local.settings)
  }
}
