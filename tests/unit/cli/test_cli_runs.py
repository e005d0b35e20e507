"""`pytg runs` and `pytg retry`, as far as they start nothing."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from pytg.errors import Refused, UsageError
from pytg.model import Address
from pytg.record.reader import RUNS
from pytg.record.run import Asked, Changes, Finding, Outcome, Result, Run, Status
from pytg.record.writer import RunRecord
from support.project import Done, Project

API = Address("docs", "us-east-1", "dev", "api")
KMS = Address("docs", "us-east-1", "dev", "kms")
Make = Callable[..., Run]


@pytest.fixture
def project(estate_root: Path) -> Project:
    return Project(estate_root)


@pytest.fixture
def make(project: Project) -> Make:
    def made(status: Status, result: Result, command: str = "apply") -> Run:
        record = RunRecord.create(
            project.root,
            command=command,
            args=(command, "--env", "dev"),
            selection="env:dev",
            units=(API, KMS),
            terraform_binary="terraform",
            terraform_version="1.11.4",
            mode="composed",
            asked=Asked(None, {"parallelism": 4}),
        )
        record.update_run(stages=[[KMS, API]])
        record.begin(KMS)
        record.planned({KMS: Changes(create=2)})
        record.found({KMS: [Finding("error", "it \x1b[31mburns", "\nhot", "main.tf", 3)]})
        record.end({KMS: Outcome(status, "it burns"), API: Outcome(status, "", (KMS,))})
        return record.finish(result, 1)

    return made


def damage(project: Project) -> Path:
    broken = project.root / RUNS / "20240101T000000Z-abcdef" / "run.json"
    broken.parent.mkdir(parents=True)
    broken.write_bytes(b'{"schema": \xff')
    return broken


def test_no_runs_are_no_error(project: Project) -> None:
    assert project.pytg("runs").err == "no runs\n"
    assert project.pytg("runs", "--json").document == {"runs": [], "damaged": []}
    done = project.pytg("retry", "--json")
    assert "nothing to retry" in done.err
    assert (done.document["result"], done.document["error"]) == ("succeeded", None)


def test_the_table_has_the_newest_first_and_names_what_is_damaged(
    project: Project, make: Make
) -> None:
    broken = damage(project)
    runs = [make(Status.FAILED, Result.FAILED), make(Status.SUCCEEDED, Result.SUCCEEDED, "plan")]
    done = project.pytg("runs")
    newest = sorted(runs, key=lambda run: run.started_at)[::-1]
    assert [line.split()[0] for line in done.out.splitlines()] == [
        "run",
        *(run.run_id for run in newest),
    ]
    assert str(broken) in done.err
    one = project.pytg("runs", "--limit", "1")
    assert len(one.out.splitlines()) == 2
    assert "1 older" in one.err
    document = project.pytg("runs", "--json").document
    assert [run["command"] for run in document["runs"]] == [run.command for run in newest]
    assert document["damaged"][0]["run_id"] == broken.parent.name


def test_show_says_what_each_unit_did(project: Project, make: Make) -> None:
    run = make(Status.FAILED, Result.FAILED)
    out = project.pytg("runs", "show", run.run_id).out
    for text in (
        f"apply {run.run_id}: failed, exit code 1",
        "arguments  apply --env dev",
        "asked      composed, --parallelism 4",
        f"stage 1    2 units: {API}, {KMS}",
        "2 create",
        "error: it [31mburns (main.tf:3)",
        f"needs {KMS}",
    ):
        assert text in out
    assert "\x1b" not in out
    document = project.pytg("runs", "show", "latest", "--json").document
    assert document == json.loads(run.path.read_text())


def said(done: Done) -> str:
    return done.err + done.out


def test_a_damaged_record_alone_cannot_be_shown(project: Project) -> None:
    broken = damage(project)
    done = project.pytg("runs", "show", "2024", expect=Refused.exit_code)
    assert str(broken) in done.err
    assert "no run `x`" in project.pytg("runs", "show", "x", expect=UsageError.exit_code).err
    assert str(broken) in said(project.pytg("retry"))


def test_nothing_to_retry_is_said(project: Project, make: Make) -> None:
    run = make(Status.SUCCEEDED, Result.SUCCEEDED)
    done = project.pytg("retry", run.run_id[:-1])
    assert f"nothing is left of apply {run.run_id}: nothing to retry" in done.err
    done = project.pytg("retry", "nope", "--json", expect=UsageError.exit_code)
    assert done.document["error"]["exit_code"] == UsageError.exit_code


def test_a_recovery_says_what_comes_then(project: Project, make: Make) -> None:
    assert "next:" not in project.pytg("recover").err
    make(Status.UNKNOWN, Result.FAILED)
    done = project.pytg("recover")
    assert done.err.splitlines() == [
        "nothing to recover",
        f"  next: pytg -C {project.root} retry",
    ]
