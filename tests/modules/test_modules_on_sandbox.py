"""The modules wired as the estate wires them, on the embedded AWS, with real Terraform."""

from __future__ import annotations

import os
from pathlib import Path
from string import Template
from typing import Any

import pytest

from pytg.terraform.provider_mirror import cli_config
from support.sandbox_server import ACCOUNT, AWS, SandboxServer, Terraform

pytestmark = pytest.mark.slow

MODULES = Path(__file__).parents[2] / "modules"
SOURCE, TARGET = "us-east-1", "eu-west-1"
DOCUMENTS = {r: f"dev-a1-{r}-s3-documents-{ACCOUNT}" for r in (SOURCE, TARGET)}
METADATA = "dev-a1-global-dynamodb-metadata"

PROVIDER = """
provider "aws" {
  alias               = "${alias}"
  region              = "${region}"
  profile             = "sandbox"
  shared_config_files = ["${config}"]
  default_tags {
    tags = { "migration-phase" = var.phase, "cutover-date" = "2027-01-16" }
  }
}
"""
HEAD = """
terraform {
  required_providers {
    aws = {
      source  = "hashicorp/aws"
      version = "5.100.0"
    }
  }
}
variable "phase" {
  type    = string
  default = "seed"
}
variable "request_metrics" {
  type    = bool
  default = true
}
variable "inventory" {
  type    = bool
  default = true
}
"""
ENVIRONMENT_WIDE = """
module "backend" {
  source     = "${modules}/backend"
  providers  = { aws = aws.source }
  bucket     = "dev-a1-us-east-1-s3-tfstate-${account}"
  lock_table = "dev-a1-us-east-1-dynamodb-tflock"
}
module "iam" {
  source             = "${modules}/iam"
  providers          = { aws = aws.source }
  environment        = "dev-a1"
  account_id         = "${account}"
  source_region      = "us-east-1"
  target_region      = "eu-west-1"
  ops_functions      = ["gate"]
  ops_state_machines = ["migration"]
  cross_account_roles = {
    ops = {
      principal_arns  = ["arn:aws:iam::444455556666:root"]
      external_id     = "docmig-sandbox-ops-0001"
      organization_id = "o-a1b2c3d4e5"
      require_mfa     = true
    }
    ingest = {
      principal_arns = ["arn:aws:iam::777788889999:role/document-feed"]
      external_id    = "docmig-sandbox-feed-0001"
      source_cidrs   = ["198.51.100.0/24"]
    }
  }
}
module "tables" {
  source        = "${modules}/tables"
  providers     = { aws = aws.source }
  environment   = "dev-a1"
  account_id    = "${account}"
  source_region = "us-east-1"
  target_region = "eu-west-1"
}
"""
REGIONAL = """
module "storage_${role}" {
  source          = "${modules}/storage"
  providers       = { aws = aws.${role} }
  environment     = "dev-a1"
  account_id      = "${account}"
  region          = "${region}"
  region_role     = "${role}"
  migration_phase = var.phase
  request_metrics = var.request_metrics
  inventory       = { enabled = var.inventory }
}
module "replication_${role}" {
  source                    = "${modules}/replication"
  providers                 = { aws = aws.${role} }
  region                    = "${region}"
  peer_region               = "${peer}"
  documents_bucket          = module.storage_${role}.documents_bucket
  documents_bucket_arn      = module.storage_${role}.documents_bucket_arn
  peer_documents_bucket_arn = module.storage_${peer_role}.documents_bucket_arn
  ops_bucket_arn            = module.storage_${role}.ops_bucket_arn
  replication_role_arns     = module.iam.replication_role_arns
  batch_role_arns           = module.iam.batch_role_arns
}
"""
EXISTING = """
module "existing" {
  source    = "${modules}/existing"
  providers = { aws = aws.source }
  buckets   = { documents = "legacy-documents" }
  discover  = { legacy = { tags = { system = ["legacy"] }, types = ["s3"] } }
}
module "tables" {
  source        = "${modules}/tables"
  providers     = { aws = aws.source }
  environment   = "dev-a1"
  account_id    = "${account}"
  source_region = "us-east-1"
  target_region = "eu-west-1"
  tables        = { metadata = { name = "legacy-metadata" } }
}
module "bucket" {
  source    = "${modules}/bucket"
  providers = { aws = aws.source }
  bucket    = module.existing.buckets.documents.name
}
import {
  to = module.tables.aws_dynamodb_table.this["metadata"]
  id = "legacy-metadata"
}
import {
  to = module.bucket.aws_s3_bucket.this
  id = "legacy-documents"
}
output "discovered" {
  value = module.existing.discovered_arns.legacy
}
"""


def _root(tmp_path: Path, sandbox: SandboxServer, *texts: str) -> Terraform:
    """A root of these texts, initialized; Terraform takes local modules by relative path only."""
    directory = tmp_path / "root"
    directory.mkdir()
    common = {
        "modules": os.path.relpath(MODULES, directory),
        "account": ACCOUNT,
        "config": str(sandbox.control.config_file),
    }
    providers = [
        Template(PROVIDER).safe_substitute(alias=alias, region=region)
        for alias, region in (("source", SOURCE), ("target", TARGET))
    ]
    text = Template("".join([HEAD, *providers, *texts])).substitute(common)
    (directory / "main.tf").write_text(text, encoding="utf-8")
    terraform = Terraform(directory, cli_config(tmp_path, [AWS], {}))
    terraform.succeed("init", "-input=false")
    return terraform


def _regional(role: str, region: str, peer_role: str, peer: str) -> str:
    return Template(REGIONAL).safe_substitute(
        role=role, region=region, peer_role=peer_role, peer=peer
    )


def _apply(terraform: Terraform, *variables: str) -> str:
    return terraform.succeed("apply", "-auto-approve", "-parallelism=30", *variables)


def _assert_no_changes(terraform: Terraform, *variables: str) -> None:
    done = terraform("plan", "-detailed-exitcode", *variables)
    assert done.returncode == 0, done.stdout


def _criteria(sandbox: SandboxServer, region: str) -> Any:
    found = sandbox.client("s3", region).get_bucket_replication(Bucket=DOCUMENTS[region])
    return found["ReplicationConfiguration"]["Rules"][0]["SourceSelectionCriteria"]


def test_an_environment_from_nothing_to_nothing(sandbox: SandboxServer, tmp_path: Path) -> None:
    terraform = _root(
        tmp_path,
        sandbox,
        ENVIRONMENT_WIDE,
        _regional("source", SOURCE, "target", TARGET),
        _regional("target", TARGET, "source", SOURCE),
    )
    _apply(terraform)
    _assert_no_changes(terraform)

    for region in (SOURCE, TARGET):
        tables = sandbox.client("dynamodb", region)
        recovery = tables.describe_continuous_backups(TableName=METADATA)
        status = recovery["ContinuousBackupsDescription"]["PointInTimeRecoveryDescription"]
        assert status["PointInTimeRecoveryStatus"] == "ENABLED"
        arn = f"arn:aws:dynamodb:{region}:{ACCOUNT}:table/{METADATA}"
        tags = tables.list_tags_of_resource(ResourceArn=arn)["Tags"]
        assert {"Key": "migration-phase", "Value": "seed"} in tags

    for region, peer in ((SOURCE, TARGET), (TARGET, SOURCE)):
        key = f"incoming/from-{region}"
        sandbox.client("s3", region).put_object(Bucket=DOCUMENTS[region], Key=key, Body=b"x")
        sandbox.settle()
        copied = sandbox.client("s3", peer).head_object(Bucket=DOCUMENTS[peer], Key=key)
        assert copied["ReplicationStatus"] == "REPLICA"

    # a change of tags must not write the replication rule back without replica_modifications
    later = ("-var=phase=sync", "-var=request_metrics=false", "-var=inventory=false")
    _apply(terraform, *later)
    _assert_no_changes(terraform, *later)
    for region in (SOURCE, TARGET):
        assert _criteria(sandbox, region)["ReplicaModifications"] == {"Status": "Enabled"}

    terraform.succeed("destroy", "-auto-approve", "-parallelism=30", *later)
    assert sandbox.client("s3").list_buckets()["Buckets"] == []
    for region in (SOURCE, TARGET):
        assert sandbox.client("dynamodb", region).list_tables()["TableNames"] == []


def test_what_was_there_is_found_and_adopted(sandbox: SandboxServer, tmp_path: Path) -> None:
    s3, dynamodb = sandbox.client("s3"), sandbox.client("dynamodb")
    s3.create_bucket(Bucket="legacy-documents")
    s3.put_bucket_tagging(
        Bucket="legacy-documents", Tagging={"TagSet": [{"Key": "system", "Value": "legacy"}]}
    )
    s3.put_object(Bucket="legacy-documents", Key="contract", Body=b"kept")
    dynamodb.create_table(
        TableName="legacy-metadata",
        BillingMode="PAY_PER_REQUEST",
        AttributeDefinitions=[{"AttributeName": k, "AttributeType": "S"} for k in ("pk", "sk")],
        KeySchema=[
            {"AttributeName": "pk", "KeyType": "HASH"},
            {"AttributeName": "sk", "KeyType": "RANGE"},
        ],
    )
    dynamodb.put_item(TableName="legacy-metadata", Item={"pk": {"S": "doc#1"}, "sk": {"S": "meta"}})

    terraform = _root(tmp_path, sandbox, EXISTING)
    said = _apply(terraform)
    assert "2 imported" in said
    assert "0 destroyed" in said
    assert "arn:aws:s3:::legacy-documents" in said

    assert s3.get_object(Bucket="legacy-documents", Key="contract")["Body"].read() == b"kept"
    assert s3.get_bucket_versioning(Bucket="legacy-documents")["Status"] == "Enabled"
    replica = sandbox.client("dynamodb", TARGET).scan(TableName="legacy-metadata")
    assert replica["Count"] == 1
