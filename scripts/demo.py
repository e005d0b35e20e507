"""The main job on the embedded AWS, told step by step; stops at the first thing not true.

make demo
"""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import boto3
import botocore.session

from documents import Document, documents
from estate import ROOT, copy_estate
from pytg.generate.aws import sandbox_directory
from pytg.sandbox.control import Sandbox

PYTG = Path(sys.executable).with_name("pytg")
BUILD = ROOT / "build"
ESTATE = BUILD / "demo"
ENV = "dev"
SOURCE, TARGET = "us-east-1", "eu-west-1"
PATIENCE_S = 60.0


class NotTrueError(Exception):
    """Something that the demo says is not so."""


def say(text: str) -> None:
    """One step, with the time since the start."""
    print(f"\n== {time.monotonic() - BEGUN:5.0f}s  {text}", flush=True)


def check(truth: object, text: str) -> None:
    """Show what was seen, or stop."""
    if not truth:
        raise NotTrueError(text)
    print(f"   ok: {text}", flush=True)


def pytg(*arguments: str, expect: int = 0) -> str:
    """Run pytg as a person would; returns what it printed on standard output."""
    print(f"   $ pytg {' '.join(arguments)}", flush=True)
    done = subprocess.run(
        [PYTG, "-C", ESTATE, *arguments], stdout=subprocess.PIPE, text=True, check=False
    )
    if done.returncode != expect:
        raise NotTrueError(f"pytg {arguments[0]} exited {done.returncode}, not {expect}")
    return done.stdout


def eventually(text: str, truth: Callable[[], object]) -> None:
    """Wait for what takes a moment, such as replication."""
    deadline = time.monotonic() + PATIENCE_S
    while not truth():
        if time.monotonic() > deadline:
            raise NotTrueError(f"{text} (not within {PATIENCE_S:.0f} s)")
        time.sleep(0.2)
    check(truth=True, text=text)


class Platform:
    """The deployed environment, seen through the AWS API."""

    def __init__(self, sandbox: Sandbox) -> None:
        core = botocore.session.Session(profile="sandbox")
        core.set_config_variable("config_file", str(sandbox.config_file))
        self._session: Any = boto3.Session(botocore_session=core)
        self.units = {
            (unit["module"], unit["region"]): unit["address"]
            for unit in json.loads(pytg("ls", "--env", ENV, "--format", "json"))
        }

    def client(self, service: str, region: str) -> Any:
        """A boto3 client."""
        return self._session.client(service, region_name=region)

    def outputs(self, module: str, region: str) -> dict[str, Any]:
        """The outputs of a unit."""
        found = json.loads(pytg("output", self.units[module, region], "--json"))
        return {name: output["value"] for name, output in found.items()}

    def bucket(self, region: str) -> str:
        """The documents bucket."""
        return str(self.outputs("storage", region)["documents_bucket"])

    def put(self, region: str, bucket: str, document: Document) -> str:
        """Store a document; returns its version."""
        answer = self.client("s3", region).put_object(
            Bucket=bucket, Key=document.key, Body=document.body, ContentType=document.kind
        )
        return str(answer["VersionId"])

    def holds(self, region: str, bucket: str, document: Document, version: str) -> bool:
        """Whether the bucket has exactly this version with exactly these bytes."""
        s3 = self.client("s3", region)
        try:
            found = s3.get_object(Bucket=bucket, Key=document.key, VersionId=version)
        except s3.exceptions.ClientError:
            return False
        seen = hashlib.sha256(found["Body"].read()).digest()
        return seen == hashlib.sha256(document.body).digest()


def show_documents(platform: Platform) -> None:
    """New documents arrive in the other region, from either side; so do deletions."""
    buckets = {region: platform.bucket(region) for region in (SOURCE, TARGET)}
    for here, there in ((SOURCE, TARGET), (TARGET, SOURCE)):
        made = documents(f"from-{here}", 6)
        versions = {d.key: platform.put(here, buckets[here], d) for d in made}
        eventually(
            f"{len(made)} documents written in {here} are in {there}, byte for byte, same version",
            lambda: all(
                platform.holds(there, buckets[there], d, versions[d.key])  # noqa: B023 - used at once
                for d in made  # noqa: B023
            ),
        )
        gone = made[0].key
        platform.client("s3", here).delete_object(Bucket=buckets[here], Key=gone)
        eventually(
            f"{gone} deleted in {here} is gone in {there}",
            lambda: gone not in _keys(platform, there, buckets[there]),  # noqa: B023 - used at once
        )


def show_existing(platform: Platform, legacy: dict[str, tuple[Document, str]]) -> None:
    """Documents older than the replication rule come over with a batch replication job."""
    source, target = platform.bucket(SOURCE), platform.bucket(TARGET)
    here = [key for key in _keys(platform, TARGET, target) if key.startswith("legacy/")]
    check(not here, f"the {len(legacy)} older documents are not in {TARGET} yet")
    batch = platform.outputs("replication", SOURCE)["batch_replication"]
    control = platform.client("s3control", SOURCE)
    account = platform.client("sts", SOURCE).get_caller_identity()["Account"]
    job = control.create_job(
        AccountId=account,
        ConfirmationRequired=False,
        ClientRequestToken="demo-backfill-1",
        Operation={"S3ReplicateObject": {}},
        Priority=10,
        RoleArn=batch["role_arn"],
        Report={"Enabled": False},
        ManifestGenerator={
            "S3JobManifestGenerator": {
                "ExpectedBucketOwner": account,
                "SourceBucket": f"arn:aws:s3:::{source}",
                "EnableManifestOutput": False,
                "Filter": {
                    "EligibleForReplication": True,
                    "ObjectReplicationStatuses": ["NONE", "FAILED"],
                },
            }
        },
    )["JobId"]
    eventually(
        "the batch replication job is complete",
        lambda: _job(control, account, job)["Status"] == "Complete",
    )
    progress = _job(control, account, job)["ProgressSummary"]
    check(progress["NumberOfTasksFailed"] == 0, f"it copied {progress['TotalNumberOfTasks']}")
    check(
        all(platform.holds(TARGET, target, d, version) for d, version in legacy.values()),
        f"all older documents are in {TARGET}, byte for byte",
    )


def show_metadata(platform: Platform) -> None:
    """A metadata record written in either region is read in the other."""
    table = platform.outputs("tables", "global")["names"]["metadata"]
    for here, there in ((SOURCE, TARGET), (TARGET, SOURCE)):
        key = {"pk": {"S": f"doc#{here}"}, "sk": {"S": "meta"}}
        platform.client("dynamodb", here).put_item(
            TableName=table, Item={**key, "origin_region": {"S": here}, "version": {"N": "1"}}
        )
        reader = platform.client("dynamodb", there)
        eventually(
            f"a record written in {here} is read in {there}",
            lambda: "Item" in reader.get_item(TableName=table, Key=key),  # noqa: B023 - used at once
        )


def show_nothing_left(platform: Platform) -> None:
    """Asked of the services, not of the state."""
    full = next(iter(platform.units.values())).split("/")[2]
    for region in (SOURCE, TARGET):
        buckets = [b["Name"] for b in platform.client("s3", region).list_buckets()["Buckets"]]
        tables = platform.client("dynamodb", region).list_tables()["TableNames"]
        left = [name for name in (*buckets, *tables) if name.startswith(full)]
        check(not left, f"no bucket and no table is left in {region}: {left}")
    roles = platform.client("iam", SOURCE).list_roles()["Roles"]
    left = [role["RoleName"] for role in roles if role["RoleName"].startswith(full)]
    check(not left, f"no role is left: {left}")


def main() -> None:
    """The demo, from nothing to nothing."""
    os.environ.pop("PYTG_SANDBOX_DIR", None)
    Sandbox(sandbox_directory(ESTATE)).stop()
    copy_estate(ESTATE)
    sandbox = Sandbox(sandbox_directory(ESTATE))
    say("Start the embedded AWS, empty")
    pytg("sandbox", "start")
    pytg("validate")

    say("Draw the graph of the environment")
    for form, file in (("svg", "graph.svg"), ("html", "graph.html"), ("mermaid", "graph.mmd")):
        pytg("graph", "--env", ENV, "--format", form, "--output", str(BUILD / file))
    print(pytg("graph", "--env", ENV))

    say("Bring up the environment in both regions, all but replication")
    result = json.loads(
        pytg("apply", "--env", ENV, "--exclude", "module:replication", "--yes", "--json")
    )
    check(result["result"] == "succeeded", f"{result['changes']['create']} resources created")

    platform = Platform(sandbox)
    say("Documents that are there before replication is switched on")
    bucket = platform.bucket(SOURCE)
    legacy = {d.key: (d, platform.put(SOURCE, bucket, d)) for d in documents("legacy", 9)}
    check(len(legacy) == len(_keys(platform, SOURCE, bucket)), f"{len(legacy)} documents")

    say("Switch on the rest: apply-all")
    result = json.loads(pytg("apply-all", "--env", ENV, "--yes", "--json"))
    check(result["result"] == "succeeded", f"{result['changes']['create']} resources created")

    say("New documents, both ways")
    show_documents(platform)
    say("Documents that were there before: batch replication")
    show_existing(platform, legacy)
    say("Metadata, both ways")
    show_metadata(platform)

    say("A second plan")
    pytg("plan", "--env", ENV, "--detailed-exitcode")
    check(truth=True, text="the plan has no changes")

    say("Destroy everything")
    pytg("destroy-all", "--env", ENV, "--yes")
    show_nothing_left(platform)
    say(f"All of it was true. The graph is in {BUILD.relative_to(ROOT)}/graph.html")


def _keys(platform: Platform, region: str, bucket: str) -> list[str]:
    listed = platform.client("s3", region).list_objects_v2(Bucket=bucket)
    return [item["Key"] for item in listed.get("Contents", ())]


def _job(control: Any, account: str, job: str) -> dict[str, Any]:
    found: dict[str, Any] = control.describe_job(AccountId=account, JobId=job)["Job"]
    return found


BEGUN = time.monotonic()

if __name__ == "__main__":
    try:
        main()
    except NotTrueError as error:
        print(f"\nNOT TRUE: {error}\nThe estate is in {ESTATE}", file=sys.stderr)
        sys.exit(1)
    finally:
        Sandbox(sandbox_directory(ESTATE)).stop()
