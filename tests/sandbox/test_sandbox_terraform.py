"""Real Terraform and the real AWS provider: apply, plan to no changes, destroy."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from support.sandbox_server import SandboxServer, Terraform, eventually

pytestmark = pytest.mark.slow

BOTH_WAYS = """
locals {
  buckets = { source = "documents-source", target = "documents-target" }
}
resource "aws_s3_bucket" "source" {
  bucket        = local.buckets.source
  force_destroy = true
}
resource "aws_s3_bucket" "target" {
  provider      = aws.peer
  bucket        = local.buckets.target
  force_destroy = true
}
resource "aws_s3_bucket_versioning" "source" {
  bucket = aws_s3_bucket.source.id
  versioning_configuration {
    status = "Enabled"
  }
}
resource "aws_s3_bucket_versioning" "target" {
  provider = aws.peer
  bucket   = aws_s3_bucket.target.id
  versioning_configuration {
    status = "Enabled"
  }
}
resource "aws_iam_role" "replication" {
  name               = "replication"
  assume_role_policy = data.aws_iam_policy_document.s3.json
}
data "aws_iam_policy_document" "s3" {
  statement {
    actions = ["sts:AssumeRole"]
    principals {
      type        = "Service"
      identifiers = ["s3.amazonaws.com"]
    }
  }
}
data "aws_iam_policy" "managed" {
  arn = "arn:aws:iam::aws:policy/AmazonS3ReadOnlyAccess"
}
resource "aws_iam_role_policy_attachment" "managed" {
  role       = aws_iam_role.replication.name
  policy_arn = data.aws_iam_policy.managed.arn
}
resource "aws_s3_bucket_replication_configuration" "there" {
  depends_on = [aws_s3_bucket_versioning.source, aws_s3_bucket_versioning.target]
  role       = aws_iam_role.replication.arn
  bucket     = aws_s3_bucket.source.id
  rule {
    id       = "documents-to-target"
    priority = 10
    status   = "Enabled"
    filter {}
    delete_marker_replication {
      status = "Enabled"
    }
    source_selection_criteria {
      replica_modifications {
        status = "Enabled"
      }
    }
    destination {
      bucket = aws_s3_bucket.target.arn
      metrics {
        status = "Enabled"
        event_threshold {
          minutes = 15
        }
      }
      replication_time {
        status = "Enabled"
        time {
          minutes = 15
        }
      }
    }
  }
}
resource "aws_s3_bucket_replication_configuration" "back" {
  provider   = aws.peer
  depends_on = [aws_s3_bucket_versioning.source, aws_s3_bucket_versioning.target]
  role       = aws_iam_role.replication.arn
  bucket     = aws_s3_bucket.target.id
  rule {
    id       = "documents-to-source"
    priority = 10
    status   = "Enabled"
    filter {
      and {
        prefix = "a/"
        tags   = { kind = "document" }
      }
    }
    delete_marker_replication {
      status = "Disabled"
    }
    destination {
      bucket        = aws_s3_bucket.source.arn
      storage_class = "STANDARD_IA"
    }
  }
}
resource "aws_s3_bucket_notification" "source" {
  bucket      = aws_s3_bucket.source.id
  eventbridge = true
}
resource "aws_s3_bucket_metric" "target" {
  provider = aws.peer
  bucket   = aws_s3_bucket.target.id
  name     = "all"
}
resource "aws_s3_bucket_intelligent_tiering_configuration" "source" {
  bucket = aws_s3_bucket.source.id
  name   = "all"
  tiering {
    access_tier = "ARCHIVE_ACCESS"
    days        = 125
  }
}
resource "aws_s3_bucket_inventory" "source" {
  bucket                   = aws_s3_bucket.source.id
  name                     = "all"
  included_object_versions = "All"
  schedule {
    frequency = "Daily"
  }
  destination {
    bucket {
      format     = "CSV"
      bucket_arn = aws_s3_bucket.target.arn
    }
  }
}
resource "aws_s3_bucket_policy" "source" {
  bucket = aws_s3_bucket.source.id
  policy = data.aws_iam_policy_document.tls.json
}
data "aws_iam_policy_document" "tls" {
  statement {
    effect    = "Deny"
    actions   = ["s3:*"]
    resources = [aws_s3_bucket.source.arn, "${aws_s3_bucket.source.arn}/*"]
    principals {
      type        = "*"
      identifiers = ["*"]
    }
    condition {
      test     = "Bool"
      variable = "aws:SecureTransport"
      values   = ["false"]
    }
  }
}
resource "aws_s3_object" "document" {
  depends_on = [aws_s3_bucket_replication_configuration.there, aws_s3_bucket_policy.source]
  bucket     = aws_s3_bucket.source.id
  key        = "a/1"
  content    = "one"
}
"""

GLOBAL_TABLE = """
resource "aws_dynamodb_table" "records" {
  name             = "records"
  billing_mode     = "PAY_PER_REQUEST"
  hash_key         = "id"
  range_key        = "version"
  stream_enabled   = true
  stream_view_type = "NEW_AND_OLD_IMAGES"
  table_class      = "STANDARD"
  attribute {
    name = "id"
    type = "S"
  }
  attribute {
    name = "version"
    type = "N"
  }
  attribute {
    name = "state"
    type = "S"
  }
  global_secondary_index {
    name            = "by-state"
    hash_key        = "state"
    projection_type = "ALL"
  }
  on_demand_throughput {
    max_read_request_units  = 4000
    max_write_request_units = 4000
  }
  ttl {
    attribute_name = "expires"
    enabled        = true
  }
  point_in_time_recovery {
    enabled = true
  }
  server_side_encryption {
    enabled = true
  }
  tags = { owner = "migration" }
  replica {
    region_name            = "eu-west-1"
    point_in_time_recovery = true
    propagate_tags         = true
  }
}
"""


def applies_and_goes(terraform: Terraform, meanwhile: Callable[[], None]) -> None:
    """Apply, plan to no changes, destroy; `meanwhile` looks at what is there."""
    terraform.succeed("apply", "-auto-approve", "-input=false")
    meanwhile()
    plan = terraform("plan", "-detailed-exitcode", "-input=false")
    assert plan.returncode == 0, plan.stdout
    terraform.succeed("destroy", "-auto-approve", "-input=false")


def test_replication_in_both_directions(
    sandbox: SandboxServer, terraform_root: Callable[[str], Terraform]
) -> None:
    s3 = sandbox.client("s3")

    def replicas_arrive() -> None:
        sandbox.settle()
        there = s3.head_object(Bucket="documents-target", Key="a/1")
        assert there["ReplicationStatus"] == "REPLICA"
        s3.put_object(Bucket="documents-target", Key="a/2", Body=b"2", Tagging="kind=document")
        s3.put_object(Bucket="documents-target", Key="a/3", Body=b"3")
        sandbox.settle()
        back = s3.head_object(Bucket="documents-source", Key="a/2")
        assert (back["ReplicationStatus"], back["StorageClass"]) == ("REPLICA", "STANDARD_IA")
        keys = [found["Key"] for found in s3.list_objects_v2(Bucket="documents-source")["Contents"]]
        assert keys == ["a/1", "a/2"]

    applies_and_goes(terraform_root(BOTH_WAYS), replicas_arrive)
    assert s3.list_buckets()["Buckets"] == []


def test_a_global_table(sandbox: SandboxServer, terraform_root: Callable[[str], Terraform]) -> None:
    here, there = sandbox.client("dynamodb"), sandbox.client("dynamodb", "eu-west-1")

    def writes_arrive() -> None:
        item = {"id": {"S": "1"}, "version": {"N": "1"}}
        there.put_item(TableName="records", Item=item)
        assert eventually(lambda: here.scan(TableName="records")["Items"]) == [item]
        backups = there.describe_continuous_backups(TableName="records")
        recovery = backups["ContinuousBackupsDescription"]["PointInTimeRecoveryDescription"]
        assert recovery["PointInTimeRecoveryStatus"] == "ENABLED"
        arn = there.describe_table(TableName="records")["Table"]["TableArn"]
        tags = there.list_tags_of_resource(ResourceArn=arn)["Tags"]
        assert tags == [{"Key": "owner", "Value": "migration"}]
        lifetime = there.describe_time_to_live(TableName="records")["TimeToLiveDescription"]
        assert lifetime["TimeToLiveStatus"] == "ENABLED"

    applies_and_goes(terraform_root(GLOBAL_TABLE), writes_arrive)
    assert here.list_tables()["TableNames"] + there.list_tables()["TableNames"] == []
