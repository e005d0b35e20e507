# What carries a name: the service in it, and how many characters AWS takes. From the API's models; the provider checks
# some of these only when it applies, and Lambda's not at all.
locals {
  types = {
    aws_backup_plan                         = { service = "backup", longest = 50 }
    aws_backup_selection                    = { service = "backup", longest = 50 }
    aws_backup_vault                        = { service = "backup", longest = 50 }
    aws_cloudwatch_composite_alarm          = { service = "cloudwatch", longest = 255 }
    aws_cloudwatch_dashboard                = { service = "cloudwatch", longest = 255 }
    aws_cloudwatch_event_archive            = { service = "events", longest = 48 }
    aws_cloudwatch_event_bus                = { service = "events", longest = 256 }
    aws_cloudwatch_event_rule               = { service = "events", longest = 64 }
    aws_cloudwatch_log_resource_policy      = { service = "logs", longest = 256 }
    aws_cloudwatch_metric_alarm             = { service = "cloudwatch", longest = 255 }
    aws_datasync_task                       = { service = "datasync", longest = 256 }
    aws_dynamodb_global_table               = { service = "dynamodb", longest = 255 }
    aws_dynamodb_table                      = { service = "dynamodb", longest = 255 }
    aws_iam_role                            = { service = "iam", longest = 64 }
    aws_lambda_function                     = { service = "lambda", longest = 64 }
    aws_s3_bucket                           = { service = "s3", longest = 63 }
    aws_s3control_multi_region_access_point = { service = "mrap", longest = 50 }
    aws_sfn_state_machine                   = { service = "sfn", longest = 80 }
    aws_sns_topic                           = { service = "sns", longest = 256 }
    aws_sqs_queue                           = { service = "sqs", longest = 80 }
    aws_ssm_parameter                       = { service = "ssm", longest = 1011 }
  }

  # One for all regions: `global` stands in the region's place.
  shared = ["aws_dynamodb_global_table", "aws_iam_role", "aws_s3control_multi_region_access_point"]

  # Unique among all accounts: the account's id stands at the end.
  worldwide = ["aws_s3_bucket"]

  # By how a region begins; all others are in `aws`.
  partitions = {
    cn-north     = "aws-cn"
    cn-northwest = "aws-cn"
    us-gov       = "aws-us-gov"
  }
}
