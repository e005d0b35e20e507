"""Real Terraform over the services of the platform: apply, change, plan to no changes, destroy."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path

import pytest

from support.lambda_code import zipped
from support.sandbox_server import SandboxServer, Terraform, eventually

pytestmark = pytest.mark.slow

PLATFORM = """
resource "aws_iam_role" "any" {
  name               = "any"
  assume_role_policy = jsonencode({ Version = "2012-10-17", Statement = [] })
}
resource "aws_sqs_queue" "dead" {
  name                      = "work-dead"
  message_retention_seconds = 1209600
  redrive_allow_policy = jsonencode({
    redrivePermission = "byQueue"
    sourceQueueArns   = ["arn:aws:sqs:us-east-1:123456789012:work"]
  })
}
resource "aws_sqs_queue" "work" {
  name                       = "work"
  visibility_timeout_seconds = 180
  sqs_managed_sse_enabled    = true
  redrive_policy = jsonencode({
    deadLetterTargetArn = aws_sqs_queue.dead.arn
    maxReceiveCount     = 5
  })
  policy = jsonencode({ Version = "2012-10-17", Statement = [{
    Effect = "Allow", Principal = { Service = "events.amazonaws.com" }, Action = "sqs:SendMessage"
    Resource = "arn:aws:sqs:us-east-1:123456789012:work"
  }] })
}
resource "aws_dynamodb_table" "records" {
  name             = "records"
  billing_mode     = "PAY_PER_REQUEST"
  hash_key         = "id"
  stream_enabled   = true
  stream_view_type = "NEW_AND_OLD_IMAGES"
  attribute {
    name = "id"
    type = "S"
  }
}
resource "aws_cloudwatch_log_group" "function" {
  name              = "/aws/lambda/consumer"
  retention_in_days = 30
}
resource "aws_lambda_function" "consumer" {
  function_name    = "consumer"
  role             = aws_iam_role.any.arn
  runtime          = "python3.13"
  handler          = "main.handler"
  architectures    = ["arm64"]
  filename         = "${path.module}/function.zip"
  source_code_hash = filebase64sha256("${path.module}/function.zip")
  timeout          = 30
  memory_size      = 256
  publish          = true
  environment {
    variables = { TABLE = aws_dynamodb_table.records.name }
  }
  dead_letter_config {
    target_arn = aws_sqs_queue.dead.arn
  }
  logging_config {
    log_format            = "JSON"
    log_group             = aws_cloudwatch_log_group.function.name
    application_log_level = "INFO"
    system_log_level      = "WARN"
  }
  tracing_config {
    mode = "Active"
  }
  tags = { owner = "migration" }
}
resource "aws_lambda_function_recursion_config" "consumer" {
  function_name  = aws_lambda_function.consumer.function_name
  recursive_loop = "Terminate"
}
resource "aws_lambda_function_event_invoke_config" "consumer" {
  function_name          = aws_lambda_function.consumer.function_name
  maximum_retry_attempts = 1
  destination_config {
    on_failure {
      destination = aws_sqs_queue.dead.arn
    }
  }
}
resource "aws_lambda_alias" "live" {
  name             = "live"
  function_name    = aws_lambda_function.consumer.function_name
  function_version = aws_lambda_function.consumer.version
}
resource "aws_lambda_permission" "events" {
  action         = "lambda:InvokeFunction"
  function_name  = aws_lambda_function.consumer.function_name
  principal      = "events.amazonaws.com"
  source_arn     = aws_cloudwatch_event_rule.documents.arn
  source_account = "123456789012"
}
resource "aws_lambda_event_source_mapping" "queue" {
  event_source_arn        = aws_sqs_queue.work.arn
  function_name           = aws_lambda_function.consumer.arn
  batch_size              = 10
  function_response_types = ["ReportBatchItemFailures"]
  scaling_config {
    maximum_concurrency = 5
  }
  tags = { owner = "migration" }
}
resource "aws_lambda_event_source_mapping" "stream" {
  event_source_arn               = aws_dynamodb_table.records.stream_arn
  function_name                  = aws_lambda_function.consumer.arn
  starting_position              = "TRIM_HORIZON"
  batch_size                     = 100
  bisect_batch_on_function_error = true
  maximum_retry_attempts         = 3
  maximum_record_age_in_seconds  = 3600
  function_response_types        = ["ReportBatchItemFailures"]
  filter_criteria {
    filter {
      pattern = jsonencode({ dynamodb = { NewImage = { origin = { S = ["us-east-1"] } } } })
    }
  }
  destination_config {
    on_failure {
      destination_arn = aws_sqs_queue.dead.arn
    }
  }
}
resource "aws_cloudwatch_event_bus" "documents" {
  name = "documents"
}
resource "aws_cloudwatch_event_archive" "documents" {
  name             = "documents"
  event_source_arn = aws_cloudwatch_event_bus.documents.arn
  retention_days   = 30
}
resource "aws_cloudwatch_event_rule" "documents" {
  name           = "documents"
  event_bus_name = aws_cloudwatch_event_bus.documents.name
  event_pattern  = jsonencode({ source = ["docs"] })
}
resource "aws_cloudwatch_event_target" "queue" {
  rule           = aws_cloudwatch_event_rule.documents.name
  event_bus_name = aws_cloudwatch_event_bus.documents.name
  arn            = aws_sqs_queue.work.arn
  input_transformer {
    input_paths    = { key = "$.detail.key" }
    input_template = "{\\"key\\": <key>}"
  }
  dead_letter_config {
    arn = aws_sqs_queue.dead.arn
  }
  retry_policy {
    maximum_event_age_in_seconds = 3600
    maximum_retry_attempts       = 10
  }
}
resource "aws_cloudwatch_event_rule" "beat" {
  name                = "beat"
  schedule_expression = "rate(1 minute)"
}
resource "aws_cloudwatch_event_target" "beat" {
  rule = aws_cloudwatch_event_rule.beat.name
  arn  = aws_lambda_function.consumer.arn
}
resource "aws_scheduler_schedule" "nightly" {
  name                = "nightly"
  schedule_expression = "cron(0 2 * * ? *)"
  flexible_time_window {
    mode = "OFF"
  }
  target {
    arn      = aws_lambda_function.consumer.arn
    role_arn = aws_iam_role.any.arn
  }
}
resource "aws_cloudwatch_log_group" "machine" {
  name = "/aws/vendedlogs/states/machine"
}
resource "aws_sfn_state_machine" "machine" {
  name     = "machine"
  role_arn = aws_iam_role.any.arn
  publish  = true
  definition = jsonencode({ StartAt = "Call", States = { Call = {
    Type = "Task", Resource = "arn:aws:states:::lambda:invoke", End = true
    Parameters = { FunctionName = aws_lambda_function.consumer.arn, "Payload.$" = "$" }
  } } })
  logging_configuration {
    log_destination        = "${aws_cloudwatch_log_group.machine.arn}:*"
    include_execution_data = true
    level                  = "ERROR"
  }
  tracing_configuration {
    enabled = true
  }
}
resource "aws_sfn_alias" "live" {
  name = "live"
  routing_configuration {
    state_machine_version_arn = aws_sfn_state_machine.machine.state_machine_version_arn
    weight                    = 100
  }
}
resource "aws_sns_topic" "alerts" {
  name = "alerts"
}
resource "aws_cloudwatch_metric_alarm" "dead" {
  alarm_name          = "dead"
  namespace           = "AWS/SQS"
  metric_name         = "ApproximateNumberOfMessagesVisible"
  dimensions          = { QueueName = aws_sqs_queue.dead.name }
  statistic           = "Maximum"
  period              = 60
  evaluation_periods  = 1
  comparison_operator = "GreaterThanThreshold"
  threshold           = 0
  treat_missing_data  = "notBreaching"
  alarm_actions       = [aws_sns_topic.alerts.arn]
}
resource "aws_cloudwatch_composite_alarm" "not_ready" {
  alarm_name = "not-ready"
  alarm_rule = "ALARM(\\"${aws_cloudwatch_metric_alarm.dead.alarm_name}\\")"
}
resource "aws_backup_vault" "vault" {
  name          = "vault"
  force_destroy = true
  tags          = { owner = "migration" }
}
resource "aws_backup_vault_policy" "vault" {
  backup_vault_name = aws_backup_vault.vault.name
  policy = jsonencode({ Version = "2012-10-17", Statement = [{
    Effect = "Allow", Principal = { AWS = "arn:aws:iam::123456789012:root" }
    Action = "backup:CopyIntoBackupVault", Resource = "*"
  }] })
}
resource "aws_backup_vault_notifications" "vault" {
  backup_vault_name   = aws_backup_vault.vault.name
  sns_topic_arn       = aws_sns_topic.alerts.arn
  backup_vault_events = ["BACKUP_JOB_COMPLETED"]
}
resource "aws_backup_plan" "plan" {
  name = "plan"
  tags = { owner = "migration" }
  rule {
    rule_name         = "daily"
    target_vault_name = aws_backup_vault.vault.name
    schedule          = var.backup_schedule
    lifecycle {
      delete_after = 35
    }
    copy_action {
      destination_vault_arn = "arn:aws:backup:eu-west-1:123456789012:backup-vault:vault"
      lifecycle {
        delete_after = 35
      }
    }
  }
}
variable "backup_schedule" {
  type    = string
  default = "cron(0 3 * * ? *)"
}
resource "aws_backup_selection" "tables" {
  name         = "tables"
  plan_id      = aws_backup_plan.plan.id
  iam_role_arn = aws_iam_role.any.arn
  resources    = [aws_dynamodb_table.records.arn]
}
resource "aws_backup_region_settings" "settings" {
  resource_type_opt_in_preference = { "S3" = true, "DynamoDB" = true }
}
resource "aws_s3_bucket" "documents" {
  bucket        = "platform-documents"
  force_destroy = true
}
resource "aws_s3control_multi_region_access_point" "documents" {
  details {
    name = "documents"
    region {
      bucket = aws_s3_bucket.documents.id
    }
  }
}
resource "aws_s3control_multi_region_access_point_policy" "documents" {
  details {
    name = element(split(":", aws_s3control_multi_region_access_point.documents.id), 1)
    policy = jsonencode({ Version = "2012-10-17", Statement = [{
      Effect = "Allow", Principal = { AWS = "arn:aws:iam::123456789012:root" }
      Action = "s3:GetObject"
      Resource = "${aws_s3control_multi_region_access_point.documents.arn}/object/*"
    }] })
  }
}
resource "aws_datasync_location_s3" "documents" {
  s3_bucket_arn = aws_s3_bucket.documents.arn
  subdirectory  = "/incoming/"
  s3_config {
    bucket_access_role_arn = aws_iam_role.any.arn
  }
  tags = { owner = "migration" }
}
resource "aws_datasync_location_nfs" "share" {
  server_hostname = "nas.example.org"
  subdirectory    = "/export/docs"
  on_prem_config {
    agent_arns = ["arn:aws:datasync:us-east-1:123456789012:agent/agent-0b0addbeef44baca3"]
  }
}
resource "aws_datasync_task" "ingest" {
  name                     = "ingest"
  source_location_arn      = aws_datasync_location_nfs.share.arn
  destination_location_arn = aws_datasync_location_s3.documents.arn
  options {
    verify_mode = "ONLY_FILES_TRANSFERRED"
  }
  schedule {
    schedule_expression = "cron(0 12 ? * SUN,WED *)"
  }
}
"""
FUNCTION = """
import boto3, json, os
def handler(event, context):
    for record in event.get("Records", []):
        if "body" in record:
            item = {"id": {"S": json.loads(record["body"])["key"]}}
            boto3.client("dynamodb").put_item(TableName=os.environ["TABLE"], Item=item)
    return {"batchItemFailures": []}
"""


def test_the_services_of_the_platform(
    sandbox: SandboxServer,
    terraform_root: Callable[[str], Terraform],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    # S3 Control puts the account before the host: Go asks a proxy for such a name, and no other
    endpoint = sandbox.control.status()
    assert endpoint is not None
    monkeypatch.setitem(os.environ, "HTTP_PROXY", endpoint.url)
    terraform = terraform_root(PLATFORM)
    Path(terraform.directory / "function.zip").write_bytes(zipped(FUNCTION))
    terraform.succeed("apply", "-auto-approve", "-input=false")
    plan = terraform("plan", "-detailed-exitcode", "-input=false")
    assert plan.returncode == 0, plan.stdout

    entry = {
        "Source": "docs",
        "DetailType": "added",
        "Detail": json.dumps({"key": "a"}),
        "EventBusName": "documents",
    }
    sandbox.client("events").put_events(Entries=[entry])
    items = eventually(lambda: sandbox.client("dynamodb").scan(TableName="records")["Items"])
    assert items == [{"id": {"S": "a"}}]

    changed = ("-var", "backup_schedule=cron(0 4 * * ? *)", "-input=false")
    terraform.succeed("apply", "-auto-approve", *changed)
    plan = terraform("plan", "-detailed-exitcode", *changed)
    assert plan.returncode == 0, plan.stdout
    terraform.succeed("destroy", "-auto-approve", "-input=false")
    assert sandbox.client("lambda").list_functions()["Functions"] == []
    assert sandbox.client("logs").describe_log_groups()["logGroups"] == []
