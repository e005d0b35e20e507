"""The repository's own environment on the embedded AWS, with the real provider."""

from __future__ import annotations

import json
import os
import re
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from deployed import SOURCE, Deployed
from estate import copy_estate
from leftovers import leftovers
from pytg.compose.shape import shape_of
from pytg.compose.state_merge import merge_states, same_content, split_state
from pytg.config.load import load_project
from pytg.graph.build import build_graph
from pytg.model import Address
from support.deployed_estate import DEV
from support.project import Project
from support.sandbox_server import SandboxServer

BUCKET = "dev-a1-us-east-1-s3-tfstate-123456789012"

pytestmark = pytest.mark.slow


@pytest.fixture
def applied(deployed: Deployed) -> Project:
    """The whole environment, applied once for all tests of the session."""
    project = Project(deployed.root)
    project.pytg("generate", *DEV)
    return project


def state_of(s3: Any, address: str) -> dict[str, Any]:
    body = s3.get_object(Bucket=BUCKET, Key=f"{address}/terraform.tfstate")["Body"]
    found: dict[str, Any] = json.loads(body.read())
    return found


def test_a_second_plan_has_no_changes(applied: Project) -> None:
    applied.pytg("plan", *DEV, "--detailed-exitcode")


def test_every_unit_root_plans_to_no_changes_by_plain_terraform(applied: Project) -> None:
    def plain(address: str) -> tuple[str, int, str]:
        done = applied.terraform(address, "plan", "-input=false", "-detailed-exitcode", "-no-color")
        return address, done.code, done.out + done.err

    with ThreadPoolExecutor(2) as pool:
        for address, code, text in pool.map(plain, applied.units(*DEV)):
            assert code == 0, f"{address}: {text}"


def test_merge_and_split_are_inverse_on_the_real_states(
    applied: Project, deployed: Deployed
) -> None:
    estate = load_project(applied.root).estate
    graph = build_graph(estate)
    states, shapes = [], []
    for text in applied.units(*DEV):
        address = Address.parse(text)
        upstream = frozenset(a.slug for a in graph.predecessors(address))
        shape = shape_of(estate, estate.units[address], upstream)
        shapes.append(shape)
        states.append((shape, state_of(deployed.client("s3", SOURCE), text)))
    parts = split_state(merge_states(states), shapes)
    for shape, state in states:
        assert same_content(parts[shape.slug], state), shape.address
    assert sum(len(s["resources"]) for _, s in states) > 40


def test_plain_terraform_is_kept_out_by_a_lock_of_pytg(
    applied: Project, deployed: Deployed
) -> None:
    address = "sandbox/global/dev-a1/iam"
    s3 = deployed.client("s3", SOURCE)
    lock = {
        "ID": "1",
        "Operation": "pytg apply",
        "Who": "somebody@else",
        "Created": "2026-01-02T03:04:05Z",
    }
    key = f"{address}/terraform.tfstate.tflock"
    s3.put_object(Bucket=BUCKET, Key=key, Body=json.dumps(lock).encode())
    try:
        plain = applied.terraform(address, "plan", "-input=false", "-lock-timeout=0s")
        assert plain.code == 1
        assert "somebody@else" in plain.err
        assert "somebody@else" in applied.pytg("locks", *DEV).out
    finally:
        s3.delete_object(Bucket=BUCKET, Key=key)


def test_a_tag_changes_in_one_plan_and_the_states_follow(applied: Project) -> None:
    """The phase is in every default tag: one composed apply, then no changes anywhere."""
    account = applied.root / "live" / "sandbox" / "account.yaml"
    account.write_text(
        account.read_text().replace("migration-phase: seed", "migration-phase: sync")
    )
    done = applied.pytg("apply", *DEV, "--module", "iam", "--module", "tables", "--yes", "--json")
    assert done.document["changes"]["update"] > 5
    assert done.document["changes"]["delete"] == done.document["changes"]["replace"] == 0
    applied.pytg("plan", *DEV, "--module", "iam", "--module", "tables", "--detailed-exitcode")
    account.write_text(
        account.read_text().replace("migration-phase: sync", "migration-phase: seed")
    )
    applied.pytg("apply", *DEV, "--module", "iam", "--module", "tables", "--yes")


def normal(state: dict[str, Any]) -> str:
    """A state without what differs from run to run."""
    own = [r for r in state["resources"] if r.get("module")]
    for instance in (i for r in own for i in r["instances"]):
        needs = instance.pop("dependencies", [])
        instance["needs"] = [d for d in needs if not d.startswith("data.terraform_remote_state.")]
        instance.pop("private", None)
    ordered = sorted(own, key=lambda r: (r["module"], r["mode"], r["type"], r["name"]))
    text = json.dumps([ordered, state["outputs"]], sort_keys=True)
    text = re.sub(r"\d{4}-\d\d-\d\dT[0-9:.]+Z?", "TIME", text)
    text = re.sub(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", "ID", text)
    return re.sub(r"AROA[A-Z0-9]+", "ROLE", text)


def test_both_ways_end_in_the_same_states(tmp_path: Path, sandbox: SandboxServer) -> None:
    """Composed and per unit, from nothing, on the part of the estate without long waits."""
    environ = {"PYTG_SANDBOX_DIR": str(sandbox.control.directory)}
    part = (*DEV, "--module", "backend", "--module", "iam", "--module", "tables")
    found: dict[str, list[str]] = {}
    for way in ((), ("--per-unit",)):
        project = Project(copy_estate(tmp_path / f"way{len(way)}"), environ)
        project.pytg("apply", *part, *way, "--yes")
        for address in project.units(*part):
            found.setdefault(address, []).append(normal(state_of(sandbox.client("s3"), address)))
        project.pytg("plan", *part, "--detailed-exitcode")
        project.pytg("destroy", *part, *way, "--yes")
        assert sandbox.client("dynamodb").list_tables()["TableNames"] == []
    assert len(found) == 3
    for address, (one, other) in found.items():
        assert one == other, address


def test_real_accounts_validate_list_draw_and_generate_without_credentials(tmp_path: Path) -> None:
    environ = {name: "" for name in os.environ if name.startswith("AWS_")}
    project = Project(copy_estate(tmp_path / "copy"), environ)
    for account in ("staging", "prod"):
        assert len(project.units("--account", account)) >= 9
        project.pytg(
            "graph", "--account", account, "--format", "svg", "--output", str(tmp_path / "g")
        )
        project.pytg("generate", "--account", account)
    project.pytg("validate")
    done = project.run(
        ["terraform", "fmt", "-check", "-recursive", str(project.root / ".pytg" / "units")]
    )
    assert done.code == 0, done.out


@pytest.mark.last
def test_destroyed_it_leaves_nothing(deployed: Deployed, applied: Project) -> None:
    """A test and no teardown: other tests go on beside it, in another worker."""
    applied.pytg("destroy-all", *DEV, "--yes")
    assert leftovers(deployed) == []
