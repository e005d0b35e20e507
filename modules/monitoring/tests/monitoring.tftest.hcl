mock_provider "aws" {}

variables {
  environment               = "dev-a1"
  account_id                = "123456789012"
  region                    = "eu-west-1"
  peer_region               = "us-east-1"
  region_role               = "target"
  alerts_topic_arn          = "arn:aws:sns:eu-west-1:123456789012:dev-a1-eu-west-1-sns-alerts"
  documents_bucket          = "here"
  peer_documents_bucket     = "there"
  request_metrics_filter_id = "EntireBucket"
  table_names = {
    metadata    = "dev-a1-global-dynamodb-metadata"
    control     = "dev-a1-global-dynamodb-control"
    checkpoints = "dev-a1-global-dynamodb-checkpoints"
  }
}

run "x" {
  command = plan
}
