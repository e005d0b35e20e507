mock_provider "aws" {}

variables {
  environment           = "dev-a1"
  account_id            = "123456789012"
  region                = "eu-west-1"
  peer_region           = "us-east-1"
  source_region         = "us-east-1"
  documents_bucket      = "dev-a1-eu-west-1-s3-documents-123456789012"
  peer_documents_bucket = "dev-a1-us-east-1-s3-documents-123456789012"
  ops_bucket            = "dev-a1-eu-west-1-s3-ops-123456789012"
  event_bus_name        = "dev-a1-eu-west-1-events-migration"
  event_bus_arn         = "arn:aws:events:eu-west-1:123456789012:event-bus/dev-a1-eu-west-1-events-migration"
  dead_letter_queue_arn = "arn:aws:sqs:eu-west-1:123456789012:dev-a1-eu-west-1-sqs-events-dead"
  batch_role_arns       = { eu-west-1 = "arn:aws:iam::123456789012:role/dev-a1-global-iam-s3-batch-eu-west-1" }
  packages_directory    = "tests/packages"
  table_names = {
    metadata    = "dev-a1-global-dynamodb-metadata"
    control     = "dev-a1-global-dynamodb-control"
    checkpoints = "dev-a1-global-dynamodb-checkpoints"
  }
  stream_arns = { metadata = { eu-west-1 = "arn:aws:dynamodb:eu-west-1:123456789012:table/dev-a1-global-dynamodb-metadata/stream/1" } }
}

run "x" {
  command = plan
}
