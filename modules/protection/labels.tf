module "labels" {
  source = "../labels"

  environment   = var.environment
  region        = var.region
  other_regions = [var.peer_region]
  account_id    = var.account_id

  purposes = {
    aws_backup_plan      = ["plan"]
    aws_backup_selection = ["tables", "docs"]
    aws_backup_vault     = ["vault"]
    aws_iam_role         = ["backup-${var.region}", "restore-${var.region}"]
  }
}
