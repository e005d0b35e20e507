"""Order and parallelism as a person's command causes them, proved with a fake terraform."""

from __future__ import annotations

import json
import select
import signal
from pathlib import Path

import pytest

from support.estate_builder import build_estate, two_region_files
from support.fake_terraform import FakeTerraform
from support.process import eventually
from support.project import Project

pytestmark = pytest.mark.slow

NEEDS = (("kms", "bucket"), ("kms", "table"), ("bucket", "api"), ("table", "api"))
PATIENCE_S = 60.0


@pytest.fixture
def fake(tmp_path: Path) -> FakeTerraform:
    return FakeTerraform.install(tmp_path / "bin")


@pytest.fixture
def project(tmp_path: Path, fake: FakeTerraform) -> Project:
    root = build_estate(tmp_path / "estate", two_region_files())
    return Project(root, {"PYTG_TERRAFORM": str(fake.path)})


def positions(fake: FakeTerraform, command: str) -> dict[tuple[str, str], int]:
    """Where each unit's command starts and ends in the order of all; one region only."""
    return {(what, unit): i for i, (what, c, unit) in enumerate(fake.order()) if c == command}


def _plan_changes(project: Project, fake: FakeTerraform) -> None:
    """What is read of others is in a state already: the fake writes none."""
    outputs = {name: {"value": "x", "type": "string"} for name in ("arn", "id", "name")}
    state = {"version": 4, "terraform_version": "1.11.4", "serial": 1, "lineage": "x"}
    for address in project.units():
        file = project.root / ".pytg" / "state" / address / "terraform.tfstate"
        file.parent.mkdir(parents=True)
        file.write_text(json.dumps({**state, "outputs": outputs, "resources": []}))
    for module in ("kms", "bucket", "table", "api"):
        fake.rule(command="plan", cwd=module, resources=[f"module.{module}.terraform_data.this"])


def test_units_are_applied_in_dependency_order(project: Project, fake: FakeTerraform) -> None:
    _plan_changes(project, fake)
    done = project.pytg(
        "apply", "--env", "dev", "--region", "us-east-1", "--per-unit", "--yes", "--json"
    )
    at = positions(fake, "apply")
    assert len(fake.calls("apply")) == 4
    for upstream, unit in NEEDS:
        assert at["end", upstream] < at["start", unit]
    assert set(project.statuses(done).values()) == {"succeeded"}


def test_order_holds_between_units_joined_through_an_unselected_one(
    project: Project, fake: FakeTerraform
) -> None:
    """Kms -> bucket -> api with bucket left out: api still waits for kms."""
    _plan_changes(project, fake)
    project.pytg(
        *("apply", "--env", "dev", "--region", "us-east-1", "--per-unit", "--yes"),
        *("--select", "module:kms module:api"),
    )
    at = positions(fake, "apply")
    assert at["end", "kms"] < at["start", "api"]


def test_independent_units_run_side_by_side(
    project: Project, fake: FakeTerraform, tmp_path: Path
) -> None:
    """Each of two waits until the other has begun: one after the other would never end."""
    _plan_changes(project, fake)
    here, there = tmp_path / "bucket-began", tmp_path / "table-began"
    fake.rule(command="apply", cwd="bucket", touch=here, wait_for=there)
    fake.rule(command="apply", cwd="table", touch=there, wait_for=here)
    project.pytg("apply", "--env", "dev", "--region", "us-east-1", "--per-unit", "--yes")
    at = positions(fake, "apply")
    assert at["start", "table"] < at["end", "bucket"]
    assert at["start", "bucket"] < at["end", "table"]


def test_parallelism_of_one_runs_one_at_a_time(project: Project, fake: FakeTerraform) -> None:
    _plan_changes(project, fake)
    project.pytg(
        *("apply", "--env", "dev", "--per-unit", "--yes", "--parallelism", "1"),
    )
    kinds = [what for what, _, _ in fake.order()]
    assert kinds == ["start", "end"] * (len(kinds) // 2)


def test_a_composed_plan_is_one_process(project: Project, fake: FakeTerraform) -> None:
    project.pytg("plan", "--env", "dev")
    assert [call["command"] for call in fake.calls()] == ["init", "plan"]


def test_ls_and_a_run_select_the_same(project: Project) -> None:
    selecting = ("--env", "dev", "--select", "1+module:replication")
    done = project.pytg("plan", *selecting, "--json", expect=None)
    assert sorted(project.record(done)["units"]) == sorted(project.units(*selecting))


def test_ctrl_c_while_units_are_planned_cancels_them(
    project: Project, fake: FakeTerraform, tmp_path: Path
) -> None:
    began = tmp_path / "began"
    fake.rule(command="plan", touch=began, wait_for=tmp_path / "never")
    process = project.start("plan", "--env", "dev", "--region", "us-east-1", "--per-unit")
    eventually(began.exists)
    process.send_signal(signal.SIGINT)
    _, err = process.communicate()
    assert process.returncode == 130, err
    assert project.record()["result"] == "interrupted"
    assert project.statuses()["docs/us-east-1/dev/kms"] == "cancelled"


KMS = ("--env", "dev", "--region", "us-east-1", "--module", "kms", "--yes")


@pytest.mark.parametrize(
    ("command", "way"),  # a composed plan does not wait: it stands aside
    [("plan", ("--per-unit",)), ("apply", ()), ("apply", ("--per-unit",))],
)
def test_a_second_run_over_the_same_units_waits_for_the_first_and_says_so(
    project: Project, fake: FakeTerraform, tmp_path: Path, command: str, way: tuple[str, ...]
) -> None:
    began, go = tmp_path / "began", tmp_path / "go"
    fake.rule(command="plan", touch=began, wait_for=go)
    first = project.start(command, *KMS, *way)
    eventually(began.exists)
    second = project.start(command, *KMS, *way)
    assert second.stderr is not None
    said = ""
    while "another pytg works on the same units" not in said:
        assert select.select([second.stderr], [], [], PATIENCE_S)[0], said
        said += second.stderr.readline()
    assert len(fake.calls("plan")) == 1
    go.touch()
    for process in (first, second):
        _, err = process.communicate()
        assert process.returncode == 0, err
    assert len(fake.calls("plan")) == 2


@pytest.mark.parametrize("way", [(), ("--per-unit",)])
def test_a_plan_that_outlived_its_pytg_writes_to_a_file_of_its_own(
    project: Project, fake: FakeTerraform, tmp_path: Path, way: tuple[str, ...]
) -> None:
    began, go = tmp_path / "began", tmp_path / "go"
    fake.rule(command="plan", touch=began, wait_for=go)
    process = project.start("apply", *KMS, *way)
    eventually(began.exists)
    process.kill()
    process.wait()
    go.touch()
    project.pytg("apply", *KMS, *way)
    files = {a for call in fake.calls("plan") for a in call["argv"] if a.startswith("-out=")}
    assert len(files) == 2
    assert not list((project.root / ".pytg").rglob("*.tfplan"))


def test_fail_fast_stops_terraform_at_the_first_error(
    project: Project, fake: FakeTerraform, tmp_path: Path
) -> None:
    """Terraform goes on with the others, until it is interrupted."""
    where = {"addr": "module.docs__us-east-1__dev__kms.terraform_data.this"}
    events = [
        {"type": kind, "hook": {"resource": where, "action": "create"}}
        for kind in ("apply_start", "apply_errored")
    ]
    fake.rule(command="plan", resources=[where["addr"]])
    fake.rule(command="apply", events=events, wait_for=tmp_path / "never")
    process = project.start("apply", *KMS, "--fail-fast")
    _, err = process.communicate(timeout=PATIENCE_S)
    assert process.returncode == 1, err
    assert [call["exit"] for call in fake.calls("apply")] == [1]


@pytest.mark.parametrize("fast", [(), ("--fail-fast",)])
@pytest.mark.parametrize("way", [(), ("--per-unit",)])
def test_fail_fast_starts_nothing_more(
    project: Project, fake: FakeTerraform, way: tuple[str, ...], fast: tuple[str, ...]
) -> None:
    config = project.root / "config.yaml"
    config.write_text(config.read_text().replace("  kms: {}\n", "  kms: {isolate: true}\n"))
    fake.rule(command="plan", resources=["module.kms.terraform_data.this"])
    fake.rule(command="apply", cwd="eu-west-1/dev/kms", exit=1, events=[])
    both = ("--env", "dev", "--module", "kms", "--yes", "--json", "--parallelism", "1")
    done = project.pytg("apply", *both, *way, *fast, expect=1)
    other = "cancelled" if fast else "succeeded"
    assert project.statuses(done) == {
        "docs/eu-west-1/dev/kms": "failed",
        "docs/us-east-1/dev/kms": other,
    }
