"""The migration, executed: checkpoints, waves, pause and resume, failures."""

from __future__ import annotations

import json
import threading
import time
from typing import Any

import pytest
from definitions import SOURCE
from machine_world import MachineWorld

from docmig import inventory

pytestmark = pytest.mark.slow

CLEAN = {
    "ended": True,
    "clean": True,
    "status": "Complete",
    "total": 3,
    "succeeded": 3,
    "failed": 0,
}
UNCLEAN = {**CLEAN, "clean": False, "succeeded": 2, "failed": 1}
TWO_WAVES = [{"wave": 1, "prefixes": ["incoming/a"]}, {"wave": 2, "prefixes": ["incoming/b"]}]


def _jobs(event: dict[str, Any]) -> dict[str, Any]:
    """A batch starter whose jobs are over at the first look."""
    if event["action"] == "plan":
        return {"waves": [{"wave": 1, "prefixes": [load["prefix"] for load in event["loads"]]}]}
    if event["action"] == "start":
        return {"job_id": f"{event['mode']}-{event['wave']}"}
    return {"job_id": event["job_id"], **CLEAN}


def _open(_: dict[str, Any]) -> dict[str, Any]:
    return {"passed": True, "failed": [], "results": []}


def _totals(event: dict[str, Any]) -> dict[str, Any]:
    return {"checked": len(event.get("Items", [])), "mismatched": 0}


@pytest.fixture
def world(machines: MachineWorld) -> MachineWorld:
    """Functions with which everything goes well, and three documents."""
    machines.functions.answers |= {
        "batch_starter": _jobs,
        "gate_check": _open,
        "ingest": lambda event: {"recorded": len(event["Items"])},
        "traffic_switch": lambda _: {"epoch": 1},
        "verifier": _totals,
    }
    for name in ("a", "b", "c"):
        machines.s3.put_object(Bucket="documents", Key=f"incoming/{name}", Body=b"x")
    return machines


def test_all_phases_in_order(world: MachineWorld) -> None:
    ended = world.run("migration", waves=TWO_WAVES)
    assert ended["status"] == "SUCCEEDED", ended
    for phase in ("assess", "import", "seed", "sync", "verify"):
        assert world.item(f"claim#{phase}")["status"] == "done"
    for wave in (1, 2):
        item = world.item(f"claim#seed#{wave}")
        assert (item["status"], item["job_id"]) == ("done", f"seed-{wave}")
    assert world.item("run")["status"] == "done"
    assert world.functions.actions("gate_check") == ["assess", "sync", "verify"]
    assert world.functions.actions("traffic_switch") == ["init"]
    told = [(e["detail-type"], e["detail"]["phase"]) for e in world.events(SOURCE)]
    assert sorted(told) == sorted(
        [
            *[("PhaseChanged", p) for p in ("assess", "import", "seed", "sync", "verify")],
            ("MigrationReady", "verify"),
        ]
    )


def test_verification_looks_at_every_document_once_and_adds_up_under_one_id(
    world: MachineWorld,
) -> None:
    execution = world.start("migration", phases=["verify"])
    assert world.result(execution)["status"] == "SUCCEEDED"
    *batches, finish = world.functions.calls["verifier"]
    keys = sorted(item["Key"] for batch in batches for item in batch["Items"])
    assert keys == ["incoming/a", "incoming/b", "incoming/c"]
    name = execution.rpartition(":")[2]
    assert {batch["BatchInput"]["verification_id"] for batch in batches} == {name}
    assert (finish["action"], finish["verification_id"]) == ("finish", name)
    assert inventory.listed_at(finish["started_at"], "") == pytest.approx(time.time(), abs=600)
    assert finish["settings"]["phases"] == ["verify"]


def test_the_import_looks_at_every_document_before_it_is_copied(world: MachineWorld) -> None:
    execution = world.start("migration", phases=["import"])
    assert world.result(execution)["status"] == "SUCCEEDED"
    batches = world.functions.calls["ingest"]
    assert sorted(i["Key"] for b in batches for i in b["Items"]) == [
        f"incoming/{name}" for name in ("a", "b", "c")
    ]
    (given,) = {json.dumps(batch["BatchInput"], sort_keys=True) for batch in batches}
    assert json.loads(given)["import_id"] == execution.rpartition(":")[2]
    assert json.loads(given)["encoded"] is False


def test_an_inventory_is_verified_with_its_versions(world: MachineWorld) -> None:
    rows = "Key,VersionId,IsLatest,IsDeleteMarker\nincoming/a,v1,true,false\n"
    rows += "incoming/a,v0,false,false\n"
    world.s3.put_object(Bucket="ops", Key="inventory/manifest.json", Body=rows.encode())
    ended = world.run("migration", phases=["verify"], inventory_manifest="inventory/manifest.json")
    assert ended["status"] == "SUCCEEDED", ended
    *batches, _ = world.functions.calls["verifier"]
    versions = sorted(item["VersionId"] for batch in batches for item in batch["Items"])
    assert versions == ["v0", "v1"]


def test_waves_are_planned_of_loads(world: MachineWorld) -> None:
    loads = [{"prefix": "incoming/", "objects": 3, "bytes": 3}]
    assert world.run("migration", phases=["assess", "seed"], loads=loads)["status"] == "SUCCEEDED"
    starts = [c for c in world.functions.calls["batch_starter"] if c["action"] == "start"]
    assert [start["prefixes"] for start in starts] == [["incoming/"]]


def test_a_new_execution_skips_what_is_done(world: MachineWorld) -> None:
    gate = {"open": False}
    world.functions.answers["gate_check"] = lambda event: {
        "passed": event["gate"] != "sync" or gate["open"],
        "failed": ["lag"],
    }
    ended = world.run("migration", most_polls=1)
    assert (ended["status"], ended["error"]) == ("FAILED", "Failed.GateClosed")
    assert "lag" in ended["cause"]
    assert world.item("run")["status"] == "failed"
    assert "MigrationFailed" in world.kinds(SOURCE)

    gate["open"] = True
    assert world.run("migration")["status"] == "SUCCEEDED"
    assert world.functions.actions("batch_starter") == ["start", "status"]
    assert world.functions.actions("gate_check").count("assess") == 1
    assert world.item("claim#sync")["attempt"] == "2"


def test_a_wave_that_failed_is_retried_once_and_only_it_runs_again(world: MachineWorld) -> None:
    def jobs(event: dict[str, Any]) -> dict[str, Any]:
        if event["action"] == "status" and event["wave"] == 2:
            return {"job_id": event["job_id"], **UNCLEAN}
        return _jobs(event)

    world.functions.answers["batch_starter"] = jobs
    ended = world.run("migration", waves=TWO_WAVES, phases=["assess", "seed"])
    assert (ended["status"], ended["error"]) == ("FAILED", "Failed.WavesFailed"), ended
    assert "JobFailed" in ended["cause"]
    assert "retry-2" in ended["cause"]
    starts = [
        (c["wave"], c["mode"])
        for c in world.functions.calls["batch_starter"]
        if c["action"] == "start"
    ]
    assert {(2, "seed"), (2, "retry")} <= set(starts)
    assert world.item("claim#seed").get("status") == "claimed"
    assert world.item("claim#seed#2")["status"] == "claimed"

    assert world.item("claim#seed#1")["status"] == "done"
    world.functions.calls.clear()
    world.functions.answers["batch_starter"] = _jobs
    ended = world.run("migration", waves=TWO_WAVES, phases=["assess", "seed"])
    assert ended["status"] == "SUCCEEDED"
    waves = {c["wave"] for c in world.functions.calls["batch_starter"]}
    assert waves == {2}


def test_pause_and_resume_between_phases(world: MachineWorld) -> None:
    world.pause("paused")
    execution = world.start("migration")
    world.eventually(world.tokens)
    assert world.functions.calls["gate_check"] == []
    world.resume()
    assert world.result(execution)["status"] == "SUCCEEDED"
    assert world.tokens() == []


def test_pause_and_resume_between_waves(world: MachineWorld) -> None:
    def jobs(event: dict[str, Any]) -> dict[str, Any]:
        if event["action"] == "start" and event["wave"] == 1:
            world.pause("paused")
        return _jobs(event)

    world.functions.answers["batch_starter"] = jobs
    waves = [{"wave": n, "prefixes": [f"incoming/{n}"]} for n in range(1, 6)]
    execution = world.start("migration", waves=waves, phases=["assess", "seed"])
    world.eventually(lambda: world.tokens() and world.item("claim#seed#1").get("status") == "done")
    assert world.item("claim#seed#5") == {}
    # with two waves at a time, the later ones come to the pause one after another
    world.eventually(lambda: _step(world))
    assert world.result(execution)["status"] == "SUCCEEDED"
    assert all(world.item(f"claim#seed#{n}")["status"] == "done" for n in range(1, 6))


def _step(world: MachineWorld) -> bool:
    """Resume whatever waits; whether all waves are through."""
    if world.tokens():
        world.resume()
    return world.item("claim#seed").get("status") == "done"


def test_a_paused_migration_can_be_given_up(world: MachineWorld) -> None:
    world.pause("paused")
    execution = world.start("migration")
    (token,) = world.eventually(world.tokens)
    world.client("migration").send_task_failure(
        taskToken=token, error="MigrationAborted", cause="because"
    )
    ended = world.result(execution)
    assert (ended["status"], ended["error"]) == ("FAILED", "Failed.MigrationAborted")
    assert world.item("run")["status"] == "failed"


def test_a_pause_that_is_over_holds_nothing(world: MachineWorld) -> None:
    world.pause("paused")
    execution = world.start("migration", phases=[])
    assert world.result(execution)["status"] == "SUCCEEDED"
    world.pause("running")
    assert world.run("migration", phases=["sync"])["status"] == "SUCCEEDED"


def test_two_executions_do_not_work_on_one_migration(world: MachineWorld) -> None:
    going_on = threading.Event()

    def gate(event: dict[str, Any]) -> dict[str, Any]:
        going_on.wait(30)
        return _open(event)

    world.pause("paused")
    first = world.start("migration")
    world.eventually(world.tokens)
    second = world.run("migration")
    assert (second["status"], second["error"]) == ("FAILED", "AlreadyRunning")
    world.functions.answers["gate_check"] = gate
    going_on.set()
    world.resume()
    assert world.result(first)["status"] == "SUCCEEDED"


def test_an_execution_that_died_is_replaced(world: MachineWorld) -> None:
    dead = world.start("migration", phases=[])
    assert world.result(dead)["status"] == "SUCCEEDED"
    world.dynamodb.update_item(
        TableName="checkpoints",
        Key={"pk": {"S": "migration#dev-a1"}, "sk": {"S": "run"}},
        UpdateExpression="SET #s = :running",
        ExpressionAttributeNames={"#s": "status"},
        ExpressionAttributeValues={":running": {"S": "running"}},
    )
    assert world.run("migration")["status"] == "SUCCEEDED"
    assert world.item("run")["owner"] != dead


def test_a_function_that_fails_for_a_moment_is_asked_again(world: MachineWorld) -> None:
    failures = iter([RuntimeError("for a moment")])

    def gate(event: dict[str, Any]) -> dict[str, Any]:
        for failure in failures:
            raise failure
        return _open(event)

    world.functions.answers["gate_check"] = gate
    assert world.run("migration", phases=["sync"])["status"] == "SUCCEEDED"
    assert world.functions.actions("gate_check") == ["sync", "sync"]


def test_what_is_waived_reaches_the_gate(world: MachineWorld) -> None:
    waive = {"state-locks": "no lock table here"}
    ended = world.run("migration", phases=["sync"], waive=waive, sync_checks=["active-in-source"])
    assert ended["status"] == "SUCCEEDED"
    (asked,) = world.functions.calls["gate_check"]
    assert (asked["waive"], asked["checks"]) == (waive, ["active-in-source"])
    assert json.loads(ended["output"])["waive"] == waive


def test_what_is_waived_adds_to_what_the_environment_waives(world: MachineWorld) -> None:
    waived = {"jobs:us-east-1": "shared account", "state-locks": "as always"}
    given = {"state-locks": "this once", "alarms:us-east-1": "a rehearsal"}
    world.define("migration", waived_checks=json.dumps(waived))
    world.run("migration", phases=["sync"])
    world.run("migration", migration_id="other", phases=["sync"], waive=given)
    first, second = world.functions.calls["gate_check"]
    assert first["waive"] == waived
    assert second["waive"] == {**waived, **given}
