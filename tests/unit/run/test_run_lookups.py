"""Selecting by what runs did, by what was applied, and by what changed since a commit."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from pytg.errors import EmptySelection, PytgError, UsageError
from pytg.generate.fingerprint import Fingerprints
from pytg.model import Address
from pytg.project import Options, Project, Request, Selectors
from pytg.record.applied import CONFIGURATION, keep
from pytg.record.run import Outcome, Result, Run, Status
from pytg.record.writer import RunRecord
from support.estate_builder import build_estate, terraform_module, two_region_files
from support.process import run as started

DEV = "docs/us-east-1/dev"


def reasons(root: Path, *select: str, suffix: str | None = None) -> dict[str, str]:
    """By unit below dev of us-east-1 (others in full), why it is selected."""
    project = Project(root, suffix=suffix)
    try:
        found = project.select(Selectors(select=select)).reasons
    except EmptySelection:
        return {}
    return {str(unit).removeprefix(f"{DEV}/"): why for unit, why in found.items()}


def record(root: Path, statuses: dict[str, Status], command: str = "apply") -> Run:
    """A run that ended so, by modules of dev in us-east-1; its configuration is that of now."""
    estate = Project(root).estate
    units = {Address.parse(f"{DEV}/{name}"): status for name, status in statuses.items()}
    made = RunRecord.create(
        root,
        command=command,
        args=(),
        selection="",
        units=units,
        terraform_binary="terraform",
        terraform_version="1.11.4",
        mode="composed",
    )
    if command == "apply":
        made_from = Fingerprints(estate)
        keep(made.run.directory, {unit: made_from.of(unit) for unit in units})
    for unit, status in units.items():
        if status is Status.FAILED:
            made.begin(unit)
    made.end({unit: Outcome(status) for unit, status in units.items()})
    return made.finish(Result.FAILED, 1)


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return build_estate(tmp_path / "work" / "project", two_region_files())


def test_units_by_how_they_ended(root: Path) -> None:
    run = record(root, {"kms": Status.SUCCEEDED, "bucket": Status.FAILED, "api": Status.SKIPPED})
    assert reasons(root, "result:failed") == {
        "bucket": f"result:failed: failed in apply {run.run_id}"
    }
    assert set(reasons(root, "result:failed result:skipped")) == {"bucket", "api"}
    assert set(reasons(root, "1+result:failed")) == {"bucket", "kms"}
    plan = record(root, {"table": Status.FAILED}, "plan")
    assert set(reasons(root, "result:failed")) == {"bucket"}
    for name in (plan.run_id, "latest"):
        assert set(reasons(root, f"result:failed@{name}")) == {"table"}
    assert reasons(root, "result:cancelled") == {}


@pytest.mark.parametrize(
    ("select", "message"),
    [
        ("result:faild", "no unit of a run ends `faild`"),
        ("result:failed", "no run has applied"),
        ("result:failed@x", "no run `x`"),
        ("state:modifed", "no state of a unit is `modifed`"),
    ],
)
def test_what_nobody_knows_is_wrong_usage(root: Path, select: str, message: str) -> None:
    with pytest.raises(UsageError, match=message):
        Project(root).select(Selectors(select=(select,)))


def test_units_by_what_was_applied_last(root: Path) -> None:
    first = record(root, {"kms": Status.SUCCEEDED, "bucket": Status.UNCHANGED})
    assert set(reasons(root, "state:unmodified")) == {"kms", "bucket"}
    assert len(reasons(root, "state:new")) == 16
    assert reasons(root, "state:modified", "state:unmodified").keys() == reasons(root, "*").keys()
    (root / "modules/kms/more.tf").write_text("locals {}\n")
    found = reasons(root, f"state:modified,{DEV}/*")
    assert found["kms"].startswith(f"state:modified: modules/kms/more.tf since {first.run_id}")
    assert "no run here has applied it" in found["table"]
    assert "bucket" not in found
    (root / "modules/kms/more.tf").unlink()
    assert "kms" not in reasons(root, f"state:modified,{DEV}/*")
    second = record(root, {"kms": Status.FAILED, "bucket": Status.SKIPPED})
    found = reasons(root, f"state:modified,{DEV}/*")
    assert found["kms"].startswith(f"state:modified: apply {second.run_id} ended failed")
    assert "bucket" not in found, "it was not touched"
    record(root, {"bucket": Status.SUCCEEDED}, "destroy")
    assert "bucket" in reasons(root, "state:new")


def test_a_configuration_that_was_not_kept_or_is_damaged_counts_as_modified(root: Path) -> None:
    run = record(root, {"kms": Status.SUCCEEDED})
    for content in (b"", b"\xff", b"[]", b'{"a": 1}'):
        (run.directory / CONFIGURATION).write_bytes(content)
        why = reasons(root, f"state:modified,{DEV}/kms")["kms"]
        assert f"apply {run.run_id} kept no configuration" in why


def test_order_isolation_and_named_files_are_configuration(root: Path) -> None:
    (root / "policy.json").write_text("{}")
    config = root / "config.yaml"
    text = config.read_text()
    text = text.replace("  kms: {}", "  kms: {inputs: {name: ./policy.json}}\n  other: {}")
    config.write_text(text)
    build_estate(root, terraform_module("other"))
    record(root, dict.fromkeys(("kms", "bucket", "table", "other"), Status.UNCHANGED))
    mine = f"state:modified,{DEV}/*"
    assert set(reasons(root, mine)) == {"api"}
    config.write_text(text.replace("other: {}", "other: {after: [bucket]}"))
    assert "other" in reasons(root, mine)
    config.write_text(text.replace("  table:\n", "  table:\n    isolate: true\n"))
    assert "isolate" in reasons(root, mine)["table"]
    config.write_text(text)
    (root / "policy.json").write_text("[]")
    assert "policy.json" in reasons(root, mine)["kms"]
    assert set(reasons(root, mine)) == {"api", "kms"}


def test_a_run_looks_once_at_what_units_are_made_from(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    looked: list[Path] = []

    def of_module(_project: Path, directory: Path, _flavour: str) -> dict[str, str]:
        looked.append(directory)
        return {}

    monkeypatch.setattr("pytg.generate.fingerprint.of_module", of_module)
    select = Selectors(select=(f"state:modified,{DEV}/kms",))
    Project(root).run(Request("apply", select, Options(yes=True)))
    assert len(looked) == len(set(looked))
    assert root / "modules/kms" in looked


def git(root: Path, *arguments: str) -> None:
    own = ("-c", "user.name=t", "-c", "user.email=t@example.org", "-c", "commit.gpgsign=false")
    done = started(["git", *own, *arguments], root, os.environ)
    assert done.returncode == 0, done.stderr


@pytest.fixture
def committed(root: Path) -> Path:
    top = root.parent
    (top / ".gitignore").write_text("*.zip\n.pytg/\n")
    git(top, "init", "-q", "-b", "main")
    git(top, "add", ".")
    git(top, "commit", "-qm", "one")
    return root


def test_units_that_changes_since_a_commit_touch(committed: Path) -> None:
    root = committed
    assert reasons(root, "git:main") == {}
    (root / "modules/kms/built.zip").write_text("ignored")
    (root / "live/docs/us-east-1/dev/env.yaml").write_text("# a comment\n")
    assert reasons(root, "git:HEAD") == {}
    (root / "modules/table/new.tf").write_text("locals {}\n")
    found = reasons(root, "git:main")
    assert {name.rpartition("/")[2] for name in found} == {"table"}
    assert len(found) == 4
    assert found["table"] == "git:main: modules/table/new.tf"
    assert {n.rpartition("/")[2] for n in reasons(root, "git:main+")} == {"table", "api"}
    git(root, "add", ".")
    git(root, "commit", "-qm", "two")
    assert len(reasons(root, "git:HEAD~1")) == 4
    assert reasons(root, "git:HEAD") == {}


def test_a_parent_file_and_a_new_unit(committed: Path) -> None:
    root = committed
    (root / "live/docs/us-east-1/region.yaml").write_text("inputs: {name: x}\n")
    new = root / "live/docs/us-east-1/stage/env.yaml"
    new.parent.mkdir()
    new.write_text("{}\n")
    found = reasons(root, "git:main")
    assert found["kms"] == "git:main: inputs.name"
    assert found["docs/us-east-1/stage/kms"] == "git:main: not in main"
    assert all(
        unit.startswith("docs/us-east-1/stage") or "/" not in unit or "prod" in unit
        for unit in found
    )
    assert reasons(root, "git:main", suffix="x1").keys()


def test_a_file_that_an_input_names_is_touched_with_it(committed: Path) -> None:
    root = committed
    (root / "policies").mkdir()
    (root / "policies/a.json").write_text("{}")
    other = root.parent.parent / "other.json"  # in no commit
    other.touch()
    inputs = f"inputs: {{name: ../../policies/a.json, key: {other}}}\n"
    (root / "live/docs/us-east-1/dev/env.yaml").write_text(inputs)
    git(root, "add", ".")
    git(root, "commit", "-qm", "two")
    assert reasons(root, "git:HEAD") == {}
    (root / "policies/a.json").write_text("[]")
    found = reasons(root, "git:HEAD")
    assert found["kms"] == "git:HEAD: policies/a.json"
    assert set(found) == {"api", "bucket", "kms", "table"}, "those of dev in us-east-1"


def test_what_was_invalid_then_touches_all(committed: Path) -> None:
    root = committed
    config = root / "config.yaml"
    good = config.read_text()
    config.write_text("modules: {kms: {sourc: x}}\n")
    git(root, "commit", "-qam", "bad")
    config.write_text(good)
    found = reasons(root, "git:HEAD")
    assert len(found) == 18
    assert "the configuration of HEAD is invalid" in found["kms"]


def test_without_git_or_without_the_commit_it_is_said(
    root: Path, committed: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for select in ("git:nope", "git:nope..."):
        with pytest.raises(UsageError, match="git knows no commit"):
            Project(committed).select(Selectors(select=(select,)))
    monkeypatch.setenv("GIT_DIR", "/nonexistent")
    with pytest.raises(PytgError, match="git"):
        Project(root).select(Selectors(select=("git:main",)))
