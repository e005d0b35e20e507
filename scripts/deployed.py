"""A deployed environment of this estate, seen through pytg and the AWS API."""

from __future__ import annotations

import hashlib
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

from docmig_console.platform import Platform
from documents import Document
from narration import NotTrueError
from pytg.project import Project

BIN = Path(sys.executable).parent
SOURCE, TARGET = "us-east-1", "eu-west-1"


def run(root: Path, command: str, *arguments: str, expect: int = 0) -> str:
    """Run `pytg` or `docmig` as a person would; what it printed on standard output."""
    print(f"   $ {command} {' '.join(arguments)}", flush=True)
    done = subprocess.run(
        [BIN / command, "-C", root, *arguments], stdout=subprocess.PIPE, text=True, check=False
    )
    if done.returncode != expect:
        raise NotTrueError(f"{command} exited {done.returncode}, not {expect}")
    return done.stdout


class Deployed(Platform):
    """The environment `env` of the estate in `root`, and its documents."""

    def __init__(self, root: Path, env: str) -> None:
        super().__init__(Project(root), env)
        self.root = root

    def bucket(self, region: str) -> str:
        """The documents bucket."""
        return str(self.outputs("storage", region)["documents_bucket"])

    def ops_bucket(self, region: str) -> str:
        """The bucket of dead letters, evidence and inventories."""
        return str(self.outputs("storage", region)["ops_bucket"])

    def put(self, region: str, document: Document) -> str:
        """Store a document; its version."""
        answer = self.client("s3", region).put_object(
            Bucket=self.bucket(region),
            Key=document.key,
            Body=document.body,
            ContentType=document.kind,
            Metadata=document.metadata,
        )
        return str(answer["VersionId"])

    def delete(self, region: str, key: str) -> None:
        """Put a delete marker on an object."""
        self.client("s3", region).delete_object(Bucket=self.bucket(region), Key=key)

    def holds(self, region: str, document: Document, version: str) -> bool:
        """Whether the bucket has exactly this version with exactly these bytes."""
        s3 = self.client("s3", region)
        try:
            found = s3.get_object(Bucket=self.bucket(region), Key=document.key, VersionId=version)
        except s3.exceptions.ClientError:
            return False
        seen = hashlib.sha256(found["Body"].read()).digest()
        return seen == hashlib.sha256(document.body).digest()

    def keys(self, region: str, bucket: str, prefix: str = "") -> list[str]:
        """Keys in a bucket, delete markers left out."""
        pages = self.client("s3", region).get_paginator("list_objects_v2")
        listed = pages.paginate(Bucket=bucket, Prefix=prefix)
        return [item["Key"] for page in listed for item in page.get("Contents", ())]

    def item(self, region: str, table: str, pk: str, sk: str) -> dict[str, Any] | None:
        """An item of one of the tables by its purpose, in DynamoDB's form; strongly consistent."""
        answer = self.client("dynamodb", region).get_item(
            TableName=self.tables[table],
            Key={"pk": {"S": pk}, "sk": {"S": sk}},
            ConsistentRead=True,
        )
        found: dict[str, Any] | None = answer.get("Item")
        return found

    def status(self, region: str, key: str) -> str:
        """What the document's metadata says it is; empty where there is none."""
        item = self.item(region, "metadata", f"doc#{key}", "meta")
        return str(item["status"]["S"]) if item else ""

    def refusals(self, region: str) -> list[tuple[str, list[str]]]:
        """Key and codes of the reasons of each document that could never be ingested."""
        s3, bucket = self.client("s3", region), self.ops_bucket(region)
        found = []
        for name in self.keys(region, bucket, "dead-letter/ingest/"):
            letter = json.loads(s3.get_object(Bucket=bucket, Key=name)["Body"].read())
            event = json.loads(letter["record"]["body"])
            codes = [reason["code"] for reason in letter["reasons"]]
            found.append((event["detail"]["object"]["key"], codes))
        return found
