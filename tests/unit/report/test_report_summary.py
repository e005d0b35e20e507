from __future__ import annotations

import json
import re
import shlex
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from pytg.cli.main import group
from pytg.model import Address
from pytg.record.run import (
    Asked,
    Changes,
    Check,
    Finding,
    Result,
    Run,
    Selected,
    Status,
    Tool,
    UnitRecord,
)
from pytg.report.next_step import next_step
from pytg.report.summary import failure, json_summary, summary
from pytg.report.table import Style

START = datetime(2025, 1, 31, 12, 3, 4, tzinfo=UTC)
NETWORK, STORAGE, TABLE, QUEUE, OTHER = (
    Address("sandbox", "us-east-1", "dev-a1", module)
    for module in ("network", "storage", "database", "queue", "other")
)
RUN = Run(
    directory=Path("/project/.pytg/runs/20250131T120304Z-abcdef"),
    pytg_version="0.2.0",
    run_id="20250131T120304Z-abcdef",
    command="apply-all",
    args=("apply-all", "--suffix", "a 1", "--json"),
    selection=Selected("env:dev-a1", ()),
    terraform=Tool("terraform", "1.11.4"),
    mode="composed",
    started_at=START,
    finished_at=START + timedelta(seconds=125, milliseconds=250),
    result=Result.FAILED,
    exit_code=1,
    processes=3,
    units={
        NETWORK: UnitRecord(Status.SUCCEEDED, changes=Changes(create=3)),
        STORAGE: UnitRecord(
            Status.FAILED,
            reason="the bucket exists\nmore of it",
            changes=Changes(create=2, replace=1),
            made=1,
            log="units/storage/apply.jsonl",
        ),
        TABLE: UnitRecord(Status.UNKNOWN, reason="killed", unknown_resources=("aws_x.y",)),
        QUEUE: UnitRecord(Status.SKIPPED, blocked_by=(STORAGE, TABLE)),
        OTHER: UnitRecord(Status.CANCELLED),
    },
)
FINE = replace(RUN, result=Result.SUCCEEDED, exit_code=0, units={NETWORK: RUN.units[NETWORK]})


def test_what_went_wrong_comes_first_and_what_to_do_last() -> None:
    assert summary(RUN).splitlines() == [
        "failed sandbox/us-east-1/dev-a1/storage: the bucket exists",
        "    log: /project/.pytg/runs/20250131T120304Z-abcdef/units/storage/apply.jsonl",
        "unknown sandbox/us-east-1/dev-a1/database: killed",
        "    may exist and be in no state: aws_x.y",
        f"skipped sandbox/us-east-1/dev-a1/queue: needs {STORAGE}, {TABLE}",
        "cancelled sandbox/us-east-1/dev-a1/other",
        "apply-all failed in 2m05s: 1 succeeded, 1 failed, 1 skipped, 1 cancelled, 1 unknown",
        "  planned: 5 create, 1 replace; 4 of 6 made",
        f"  done: {NETWORK}",
        f"  not started: {OTHER}, {QUEUE}",
        "  record: /project/.pytg/runs/20250131T120304Z-abcdef/run.json",
        "  next: pytg recover",
    ]


def test_a_run_that_went_well_is_short() -> None:
    assert summary(FINE).splitlines() == [
        "apply-all succeeded in 2m05s: 1 succeeded",
        "  changes: 3 create",
        "  record: /project/.pytg/runs/20250131T120304Z-abcdef/run.json",
    ]


def test_where_only_outputs_change_the_summary_says_so_and_where() -> None:
    units = {
        NETWORK: UnitRecord(Status.SUCCEEDED, besides="outputs change"),
        STORAGE: UnitRecord(Status.SUCCEEDED, besides="1 to import"),
        TABLE: UnitRecord(Status.SUCCEEDED, besides="outputs change"),
    }
    planned = replace(FINE, command="plan", args=("plan", "--env", "dev"), units=units)
    said = summary(planned).splitlines()
    assert f"  changes: outputs change in {TABLE}, {NETWORK}; 1 to import in {STORAGE}" in said
    assert said[-1] == "  next: pytg apply --env dev"


def test_what_left_the_configuration_is_in_the_summary() -> None:
    run = replace(FINE, orphans=(NETWORK, QUEUE))
    line = f"  no longer configured: 2 units with resources: {NETWORK}, {QUEUE}"
    assert line in summary(run).splitlines()
    assert json_summary(run)["orphans"] == [str(NETWORK), str(QUEUE)]


def test_many_that_one_failure_holds_up_are_one_line() -> None:
    later = Address("sandbox", "us-east-1", "dev-a1", "zone")
    units = {
        STORAGE: RUN.units[STORAGE],
        QUEUE: UnitRecord(Status.SKIPPED, blocked_by=(STORAGE,)),
        OTHER: UnitRecord(Status.SKIPPED, blocked_by=(QUEUE, STORAGE)),
        TABLE: UnitRecord(Status.CANCELLED),
        later: UnitRecord(Status.SKIPPED, reason="not planned"),
    }
    assert summary(replace(RUN, units=units)).splitlines()[2:5] == [
        f"skipped {OTHER}, {QUEUE}: needs {STORAGE}",
        f"skipped {later}: not planned",
        f"cancelled {TABLE}",
    ]


def test_checks_that_do_not_hold_are_named_and_warnings_counted() -> None:
    unit = UnitRecord(
        Status.SUCCEEDED,
        diagnostics=(Finding("warning", "Old"), Finding("error", "No")),
        checks=(
            Check("check.health", "fail", "it is ill\nvery"),
            Check("check.odd", "error"),
            Check("check.later", "unknown"),
        ),
    )
    run = replace(FINE, units={NETWORK: unit}, diagnostics=(Finding("warning", "Older"),))
    assert summary(run).splitlines() == [
        f"check failed {NETWORK} check.health: it is ill",
        f"check failed {NETWORK} check.odd",
        "apply-all succeeded in 2m05s: 1 succeeded",
        "  changes: no changes",
        "  2 warnings",
        "  record: /project/.pytg/runs/20250131T120304Z-abcdef/run.json",
    ]
    document = json_summary(run)
    assert [(s["unit"], s["summary"]) for s in document["diagnostics"]] == [
        (None, "Older"),
        (str(NETWORK), "Old"),
        (str(NETWORK), "No"),
    ]
    assert document["checks"][0] == {
        "unit": str(NETWORK),
        "address": "check.health",
        "status": "fail",
        "message": "it is ill\nvery",
    }


def test_a_failure_names_the_units_to_blame() -> None:
    assert failure(RUN) == (
        f"{TABLE} unknown: killed\n{STORAGE} failed: the bucket exists\nmore of it"
    )
    left = replace(RUN, units={OTHER: UnitRecord(Status.CANCELLED)}, result=Result.INTERRUPTED)
    assert failure(left) == "apply-all interrupted: 1 cancelled"


def test_a_plan_that_found_nothing_to_do_says_so() -> None:
    said = summary(replace(FINE, units={NETWORK: UnitRecord(Status.UNCHANGED)}))
    assert "  changes: no changes" in said


def test_what_a_plan_leaves_for_later_is_counted() -> None:
    units = {**FINE.units, QUEUE: UnitRecord(Status.SKIPPED, blocked_by=(NETWORK,))}
    said = summary(replace(FINE, command="plan-all", units=units))
    assert said.startswith("plan-all succeeded in 2m05s: 1 planned, 1 skipped\n")


def test_of_very_many_a_few_are_named() -> None:
    units = {
        Address("a", "b", "c", f"m{n}"): UnitRecord(Status.FAILED, reason="no plan")
        for n in range(5)
    }
    assert summary(replace(RUN, units=units)).splitlines()[:2] == [
        "failed a/b/c/m0, a/b/c/m1, a/b/c/m2 and 2 more: no plan",
        "apply-all failed in 2m05s: 5 failed",
    ]


def test_paths_are_short_where_one_stands(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)
    run = replace(FINE, directory=tmp_path / ".pytg/runs/x")
    assert "  record: .pytg/runs/x/run.json" in summary(run)


def test_colour_changes_no_letter() -> None:
    coloured = summary(RUN, Style(colour=True))
    assert coloured != summary(RUN)
    assert re.sub(r"\033\[[0-9;]*m", "", coloured) == summary(RUN)


def test_what_aws_says_does_not_steer_the_terminal() -> None:
    bad = UnitRecord(Status.FAILED, reason="\033[2J", unknown_resources=("x\033[2J",))
    assert "\033" not in summary(replace(RUN, units={STORAGE: bad}))


def units(*statuses: Status, begun: bool = True) -> dict[Address, UnitRecord]:
    at = START if begun else None
    return {Address("a", "b", "c", str(s)): UnitRecord(s, started_at=at) for s in statuses}


BEGUN = units(Status.SUCCEEDED, Status.FAILED, Status.SKIPPED)
LOST = units(Status.SUCCEEDED, Status.UNKNOWN)
ASKED = units(Status.CANCELLED, begun=False)
STOPPED = {"result": Result.INTERRUPTED, "exit_code": 130}


@pytest.mark.parametrize(
    ("changed", "command"),
    [
        ({"units": BEGUN}, "pytg retry"),
        ({"units": BEGUN, "args": ("-C", "x", "retry", "--yes")}, "pytg -C x retry"),
        ({"units": BEGUN, "args": ("apply", "--select", "tag:token=***")}, "pytg retry"),
        ({"units": units(Status.FAILED, Status.CANCELLED, begun=False)}, "pytg retry"),
        ({"units": units(Status.SUCCEEDED, Status.CANCELLED), **STOPPED}, "pytg retry"),
        ({"units": units(Status.SUCCEEDED, Status.UNCHANGED), **STOPPED}, ""),
        ({"units": LOST}, "pytg recover"),
        ({"units": LOST, "asked": Asked("a 1")}, "pytg recover --suffix 'a 1'"),
        ({"units": LOST, "args": ("-C", "x", "destroy-all")}, "pytg -C x recover"),
        ({"units": ASKED, **STOPPED}, "pytg apply-all --suffix 'a 1'"),
        ({"units": BEGUN, "result": Result.REFUSED, "exit_code": 6}, ""),
        ({"exit_code": 3}, ""),
        ({"exit_code": 4}, ""),
        ({"command": "plan-all", "args": ("plan-all", "--json")}, "pytg plan-all"),
        ({"command": "drift", "args": ("drift", "--json")}, "pytg drift"),
        ({"result": Result.SUCCEEDED}, ""),
    ],
)
def test_what_failed_is_retried_and_what_is_lost_recovered(
    changed: dict[str, Any], command: str
) -> None:
    run = replace(RUN, **changed)
    assert next_step(run) == command
    assert summary(run).splitlines()[-1].startswith(f"  next: {command}" if command else "  rec")


@pytest.mark.parametrize(
    ("planned", "command"),
    [
        ("-C x plan --env dev --detailed-exitcode", "-C x apply --env dev"),
        ("-C plan plan --env dev -y", "-C plan apply --env dev -y"),
        ("--directory=x plan-all", "--directory=x apply-all"),
        ("plan-all --out x --json --fail-fast", "apply x"),
        ("-C p plan --module plan --out=x", "-C p apply x"),
        (
            "plan --destroy --env dev --detailed-exitcode --verbose --suffix a1",
            "destroy --env dev --verbose --suffix a1",
        ),
        ("plan-all --destroy -v", "destroy-all -v"),
    ],
)
def test_after_a_plan_comes_a_command_that_exists(planned: str, command: str) -> None:
    args = tuple(planned.split())
    name = next(arg for arg in ("plan-all", "plan") if arg in args)
    run = replace(FINE, command=name, args=args)
    assert next_step(run) == f"pytg {command}"
    assert summary(run).endswith(f"  next: pytg {command}")
    with group.make_context("pytg", command.split()) as context:
        rest = [*context._protected_args, *context.args]
        found = group.get_command(context, rest[0])
        assert found is not None
        found.make_context(rest[0], rest[1:], parent=context)  # raises for an unknown option


def test_a_destroy_that_the_environment_asked_for() -> None:
    run = replace(FINE, command="plan-all", args=("plan-all",))
    assert next_step(run, destroy=True) == "pytg destroy-all"
    assert summary(run, destroy=True).endswith("  next: pytg destroy-all")


def of_bundle(*args: str, **changed: Any) -> Run:
    asked = Asked("a1", {"per_unit": True}, bundle="review")
    run = replace(RUN, command="apply", args=("-C", "x", *args), asked=asked)
    return replace(run, **changed)


def test_what_a_reviewed_plan_left_is_planned_anew() -> None:
    run = of_bundle("apply", "review", result=Result.FAILED, exit_code=1)
    command = next_step(run)
    assert command.startswith("pytg -C x plan --select result:failed@")
    assert command.endswith(" --suffix a1 --per-unit --out review")
    with group.make_context("pytg", shlex.split(command)[1:]) as context:
        rest = [*context._protected_args, *context.args]
        found = group.get_command(context, rest[0])
        assert found is not None
        found.make_context(rest[0], rest[1:], parent=context)
    assert next_step(replace(run, result=Result.REFUSED, exit_code=6)) == ""
    assert next_step(replace(run, result=Result.SUCCEEDED, exit_code=0)) == ""
    assert " plan " in next_step(replace(run, result=Result.SUCCEEDED, exit_code=2))


def test_an_encrypted_plan_is_not_proposed_in_clear() -> None:
    run = of_bundle("apply", "review", "--identity", "key", result=Result.FAILED, exit_code=1)
    assert next_step(run) == ""


def test_a_plan_without_changes_needs_no_apply() -> None:
    run = replace(FINE, command="plan-all", args=("plan-all",), units={})
    assert next_step(run) == ""


def test_a_masked_selection_is_not_proposed() -> None:
    """Its mask would select more than was planned."""
    args = ("plan", "--select", "tag:token=***")
    assert next_step(replace(FINE, command="plan", args=args)) == ""
    assert next_step(replace(RUN, command="plan", args=args)) == ""


def test_the_json_summary_is_exactly_this() -> None:
    text = json.dumps(json_summary(RUN))
    assert json.loads(text) == {
        "run_id": "20250131T120304Z-abcdef",
        "result": "failed",
        "units": {"succeeded": 1, "failed": 1, "skipped": 1, "cancelled": 1, "unknown": 1},
        "changes": {"create": 5, "update": 0, "replace": 1, "delete": 0},
        "made": 4,
        "duration_s": 125.25,
        "record": "/project/.pytg/runs/20250131T120304Z-abcdef/run.json",
        "processes": 3,
        "diagnostics": [],
        "checks": [],
        "orphans": [],
    }


def test_a_run_without_an_end() -> None:
    assert json_summary(replace(RUN, finished_at=None))["duration_s"] is None
