"""The migration, the cutover and the rollback on the deployed estate, with the real functions."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any
from uuid import uuid4

import pytest

from acts import show_lag
from deployed import SOURCE, TARGET, Deployed
from docmig_console.checkpoints import Checkpoints
from docmig_console.executions import RUNNING, Execution, Executions
from pytg.emulator import sandbox_directory
from pytg_sandbox.control import Sandbox
from support.dead_letters import redrive
from support.process import eventually

pytestmark = pytest.mark.slow

# A busy machine is no slow region: what the gates measure here is the machine, and what other
# tests did to it a quarter of an hour ago is not asked for.
LIMITS = {"window_s": 180, "lag_points": 1, "lag_ms": 5000, "pending_growth": 20}
QUICK = {"poll_seconds": 1, "most_polls": 120, "limits": LIMITS}
PDF = {"ContentType": "application/pdf"}
PATIENCE = 300.0  # alarms of a new environment are on until they have seen a few minutes
CHECKED = "verification:checked"


def _until(check: Callable[[], bool], why: Callable[[], object] = lambda: "") -> None:
    """Wait for what takes minutes, and is dear to ask for; `why` says what is in the way."""
    deadline = time.monotonic() + PATIENCE
    while not check():
        assert time.monotonic() < deadline, f"it did not happen: {why()}"
        time.sleep(1)


class Migration:
    """The estate, and one migration in it."""

    def __init__(self, deployed: Deployed) -> None:
        self.estate = deployed
        self.name = f"m-{uuid4().hex[:8]}"
        self.checkpoints = Checkpoints(deployed, self.name)
        self.sandbox = Sandbox(sandbox_directory(deployed.root))

    def start(self, purpose: str, **given: Any) -> Execution:
        whole = {**QUICK, "migration_id": self.name, **given}
        return Executions(self.estate, purpose).start(whole)

    def ended(self, execution: Execution) -> Execution:
        look = Executions(self.estate, execution.purpose).look
        _until(lambda: look(execution.arn).status != RUNNING)
        return look(execution.arn)

    def run(self, purpose: str, **given: Any) -> Execution:
        return self.ended(self.start(purpose, **given))

    def events(self, execution: Execution) -> list[str]:
        """Kinds of what has happened in an execution."""
        states = self.estate.client("stepfunctions", execution.region)
        pages = states.get_paginator("get_execution_history")
        found = pages.paginate(executionArn=execution.arn)
        return [event["type"] for page in found for event in page["events"]]

    def step(self, name: str) -> dict[str, str]:
        item = self.estate.item(SOURCE, "checkpoints", f"migration#{self.name}", f"claim#{name}")
        return {key: next(iter(value.values())) for key, value in (item or {}).items()}

    def put(self, region: str, key: str, **more: Any) -> str:
        """Store an object; its version."""
        s3, bucket = self.estate.client("s3", region), self.estate.bucket(region)
        answer = s3.put_object(Bucket=bucket, Key=key, Body=key.encode(), **{**PDF, **more})
        return str(answer["VersionId"])

    def version(self, region: str, key: str) -> str:
        """The current version of an object; empty where there is none."""
        s3, bucket = self.estate.client("s3", region), self.estate.bucket(region)
        listed = s3.list_object_versions(Bucket=bucket, Prefix=key).get("Versions", [])
        return next((str(v["VersionId"]) for v in listed if v["IsLatest"]), "")

    def recorded(self, region: str, key: str) -> str:
        """The version that a document's metadata is about; empty where there is none."""
        item = self.estate.item(region, "metadata", f"doc#{key}", "meta")
        return item["version_id"]["S"] if item else ""

    def active(self) -> set[str]:
        """The active region, as clients read it in each region."""
        found = set()
        for region in (SOURCE, TARGET):
            name = self.estate.outputs("traffic", region)["active_region_parameter"]
            value = self.estate.client("ssm", region).get_parameter(Name=name)["Parameter"]
            found.add(json.loads(value["Value"])["active_region"])
        return found

    def gate(self, to: str = TARGET) -> dict[str, Any]:
        """What the gate of a cutover says now."""
        name = f"{self.estate.name}-{to}-lambda-gate-check"
        event = json.dumps({"to": to, "limits": QUICK["limits"]})
        answer = self.estate.client("lambda", to).invoke(FunctionName=name, Payload=event)
        verdict: dict[str, Any] = json.loads(answer["Payload"].read())
        assert "FunctionError" not in answer, verdict
        return verdict

    def opened(self) -> None:
        """Wait until a cutover may begin."""
        _until(lambda: self.gate()["passed"], self.closed)

    def closed(self) -> dict[str, list[str]]:
        """What keeps the gate closed: reasons by check."""
        return {r["check"]: r["reasons"] for r in self.gate()["results"] if not r["holds"]}

    @contextmanager
    def before_the_platform(self) -> Iterator[None]:
        """What is stored meanwhile is neither replicated nor told, as if nothing were set up."""
        s3, bucket = self.estate.client("s3", SOURCE), self.estate.bucket(SOURCE)
        rules = s3.get_bucket_replication(Bucket=bucket)["ReplicationConfiguration"]
        told = s3.get_bucket_notification_configuration(Bucket=bucket)
        told.pop("ResponseMetadata")
        s3.delete_bucket_replication(Bucket=bucket)
        s3.put_bucket_notification_configuration(Bucket=bucket, NotificationConfiguration={})
        try:
            yield
        finally:
            s3.put_bucket_notification_configuration(Bucket=bucket, NotificationConfiguration=told)
            s3.put_bucket_replication(Bucket=bucket, ReplicationConfiguration=rules)


@pytest.fixture
def migration(deployed: Deployed) -> Iterator[Migration]:
    """With alarms that see twenty minutes in one."""
    made = Migration(deployed)
    made.sandbox.pace(20)
    yield made
    made.sandbox.pace(1)


def test_documents_from_before_are_imported_copied_and_verified(migration: Migration) -> None:
    """Paused before the first step, resumed by its token, and then through all phases."""
    keys = [f"incoming/{migration.name}/a+b {number}.pdf" for number in range(6)]
    refused = f"incoming/{migration.name}/setup.exe"
    with migration.before_the_platform():
        versions = {key: migration.put(SOURCE, key) for key in keys}
        versions[refused] = migration.put(SOURCE, refused, ContentType="application/x-msdownload")

    migration.checkpoints.pause()
    execution = migration.start("migration", prefixes=[f"incoming/{migration.name}/"])
    eventually(lambda: [step.name for step in migration.checkpoints.steps()] == ["assess"])
    eventually(lambda: migration.checkpoints.steps()[0].waits)
    assert not any(migration.version(TARGET, key) for key in versions)
    assert not any(migration.recorded(SOURCE, key) for key in versions)

    assert migration.checkpoints.resume() == 1
    ended = migration.ended(execution)
    assert ended.status == "SUCCEEDED", ended
    for phase in ("assess", "import", "seed", "seed#1", "sync", "verify"):
        assert migration.step(phase)["status"] == "done", phase
    assert migration.step("seed#1")["job_id"]
    assert {key: migration.version(TARGET, key) for key in versions} == versions
    for region in (SOURCE, TARGET):
        found = {key: migration.recorded(region, key) for key in versions}
        assert found == {**versions, refused: ""}
    note = migration.estate.item(SOURCE, "metadata", f"doc#{refused}", f"refusal#{SOURCE}")
    assert note
    assert note["version_id"]["S"] == versions[refused]
    totals = json.loads(migration.step("verify")["result"])["totals"]
    assert totals["clean"], totals
    assert totals["checked"] >= len(versions)


def test_cutover_and_rollback_lose_nothing(migration: Migration) -> None:
    if migration.active() == {SOURCE}:
        migration.opened()
    done = migration.run("cutover")
    assert done.status == "SUCCEEDED", done
    assert migration.active() == {TARGET}

    key = f"soak/{migration.name}.pdf"
    version = migration.put(TARGET, key)
    back = migration.run("rollback")
    assert back.status == "SUCCEEDED", back
    assert migration.active() == {SOURCE}
    assert migration.version(SOURCE, key) == version
    assert migration.recorded(SOURCE, key) == version

    # A write from after the rollback replaces the one from before it, in both regions.
    later = migration.put(SOURCE, key)
    for region in (SOURCE, TARGET):
        eventually(lambda region=region: migration.recorded(region, key) == later)


def test_a_drain_that_is_not_proved_is_compensated(migration: Migration) -> None:
    migration.opened()
    ended = migration.run("cutover", most_polls=1)
    assert (ended.status, ended.error) == ("FAILED", "Compensated.NotDrained"), ended
    assert "marker" in ended.cause
    assert migration.active() == {SOURCE}


def test_a_failed_run_goes_on_where_it_ended(migration: Migration) -> None:
    phases = ["assess", "import", "sync"]
    ended = migration.run(
        "migration", phases=phases, sync_checks=["nobody-knows-this"], most_polls=1
    )
    assert (ended.status, ended.error) == ("FAILED", "Failed.GateClosed"), ended
    assert "nobody-knows-this" in ended.cause
    ended = migration.run("migration", phases=phases, sync_checks=["active-in-source"])
    assert ended.status == "SUCCEEDED", ended
    attempts = {phase: migration.step(phase)["attempt"] for phase in phases}
    assert attempts == {"assess": "1", "import": "1", "sync": "2"}


def test_functions_that_fail_for_a_while_are_asked_again(migration: Migration) -> None:
    """The gate at its first attempts, and single batches of import and verification."""
    migration.put(SOURCE, f"incoming/{migration.name}.pdf")
    rates = {"gate-check": 1.0, "ingest": 0.5, "verifier": 0.5}
    prefix = f"{migration.estate.name}-{SOURCE}-lambda-"
    try:
        for purpose, rate in rates.items():
            migration.sandbox.fail(prefix + purpose, rate)
        phases = ["assess", "import", "verify"]
        execution = migration.start("migration", phases=phases, verify_checks=[CHECKED])
        eventually(lambda: "TaskFailed" in migration.events(execution))
        migration.sandbox.fail(f"{prefix}gate-check", 0)
        ended = migration.ended(execution)
    finally:
        for purpose in rates:
            migration.sandbox.fail(prefix + purpose, 0)
    assert ended.status == "SUCCEEDED", ended
    _until(lambda: redrive(migration.estate))  # what failed too often keeps an alarm on


def test_a_copy_that_is_gone_closes_the_gates(migration: Migration) -> None:
    key = f"incoming/{migration.name}.pdf"
    version = migration.put(SOURCE, key)
    eventually(lambda: migration.version(TARGET, key) == version)
    eventually(lambda: migration.recorded(TARGET, key) == version)
    target = migration.estate.client("s3", TARGET)
    target.delete_object(Bucket=migration.estate.bucket(TARGET), Key=key, VersionId=version)

    ended = migration.run("migration", phases=["verify"])
    assert (ended.status, ended.error) == ("FAILED", "Failed.GateClosed"), ended
    assert "verification:mismatched" in ended.cause
    refused = migration.run("cutover")
    assert refused.error == "Refused.GateClosed"
    assert "verification:mismatched" in refused.cause
    assert migration.active() == {SOURCE}

    migration.estate.delete(SOURCE, key)
    assert migration.run("migration", phases=["verify"]).status == "SUCCEEDED"


def test_lag_sets_off_the_alarms_and_refuses_a_cutover(migration: Migration) -> None:
    """The last test of the environment: the gates remember a lag for ten minutes."""
    try:
        show_lag(migration.estate)
    finally:
        migration.sandbox.lag("dynamodb", 0.25)
