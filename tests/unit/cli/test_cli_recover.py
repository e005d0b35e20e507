"""`pytg recover` takes up what was left, and asks a person only where two states differ."""

from __future__ import annotations

import json
import os
import socket
from pathlib import Path

import pytest

from pytg.compose.shape import shape_of
from pytg.config.load import load_project
from pytg.generate.aws import STATES
from pytg.model import Address
from pytg.processes import ProcessId
from pytg.recovery.composed_directory import COMPOSED
from pytg.recovery.journal import STATE, Journal, Locked, pending
from pytg.recovery.written import begin
from pytg.state.backups import backups
from pytg.state.local_store import LocalStore
from support.command import run
from support.memory_store import composed

KMS, BUCKET = (Address.parse(f"docs/us-east-1/dev/{name}") for name in ("kms", "bucket"))


def died(root: Path, *units: Address) -> Path:
    """A run died that made a resource in each of `units`, which had no state; its directory."""
    estate = load_project(root).estate
    locked = tuple(Locked.of(estate.units[u], shape_of(estate, estate.units[u])) for u in units)
    dead = ProcessId(os.getpid(), 1.0, socket.gethostname())
    workdir = root / COMPOSED / "0"
    workdir.mkdir(parents=True)
    (workdir / STATE).write_bytes(composed(*units))
    begin(workdir)
    names = tuple(map(str, units))
    Journal("run-1", "id-1", names, locked, dead, versions=dict.fromkeys(names)).write(workdir)
    return workdir


def key(unit: Address) -> str:
    return f"{unit}/terraform.tfstate"


def foreign(root: Path, unit: Address) -> bytes:
    """Somebody else wrote the unit's state."""
    body = composed()
    LocalStore(root / STATES).write(key(unit), body)
    return body


def test_where_nothing_died_nothing_is_done(
    estate_root: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    assert run("-C", str(estate_root), "recover") == 0
    assert "nothing to recover" in capfd.readouterr().err
    assert run("-C", str(estate_root), "recover", "--json") == 0
    assert json.loads(capfd.readouterr().out) == {"recovered": []}


def test_the_one_that_moved_is_refused_and_the_other_is_written(
    estate_root: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    workdir = died(estate_root, KMS, BUCKET)
    before = foreign(estate_root, KMS)
    assert run("-C", str(estate_root), "recover", "--json") == 6
    done = capfd.readouterr()
    (found,) = json.loads(done.out)["recovered"]
    assert (found["run_id"], found["written"]) == ("run-1", [str(BUCKET)])
    assert [each["unit"] for each in found["refused"]] == [str(KMS)]
    assert f"pytg recover {KMS} --use left" in done.err
    assert f"recovered the state of {BUCKET}" in done.err
    store = LocalStore(estate_root / STATES)
    assert store.read(key(BUCKET)) is not None
    held = store.read(key(KMS))
    assert held is not None
    assert held.body == before
    assert pending(workdir)
    assert run("-C", str(estate_root), "recover", str(BUCKET)) == 6  # it is told all the same
    assert run("-C", str(estate_root), "output", str(BUCKET)) == 0


@pytest.mark.parametrize("use", ["left", "stored"])
def test_a_person_decides(estate_root: Path, use: str) -> None:
    workdir = died(estate_root, KMS)
    foreign(estate_root, KMS)
    assert run("-C", str(estate_root), "recover", f"{KMS}/", "--use", use) == 0
    assert not pending(workdir)
    held = LocalStore(estate_root / STATES).read(key(KMS))
    assert held is not None
    assert bool(json.loads(held.body)["resources"]) is (use == "left")
    assert len(backups(estate_root, KMS)) == 1


def test_a_unit_that_left_the_configuration_can_be_named(estate_root: Path) -> None:
    workdir = died(estate_root, KMS)
    foreign(estate_root, KMS)
    journal = workdir / "journal.json"
    gone = str(KMS).replace("/dev/", "/old/")
    for file in (journal, workdir / "journal.copy.json"):
        file.write_text(file.read_text().replace('"environment": "dev"', '"environment": "old"'))
    assert run("-C", str(estate_root), "recover", gone, "--use", "stored") == 0
    assert not pending(workdir)


def test_what_is_asked_wrongly(estate_root: Path, capfd: pytest.CaptureFixture[str]) -> None:
    assert run("-C", str(estate_root), "recover", "--use", "left") == 4
    assert "needs the ADDRESS" in capfd.readouterr().err
    assert run("-C", str(estate_root), "recover", f"{KMS}s") == 4
    assert str(KMS) in capfd.readouterr().err
