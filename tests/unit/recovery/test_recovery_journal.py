"""A journal says all that is needed to finish an apply, and whether its processes live."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from pytg.errors import Refused
from pytg.model import Account, AssumeRole
from pytg.processes import ProcessId
from pytg.recovery.journal import (
    APPLYING,
    ERRORED_STATE,
    JOURNAL,
    SNAPSHOT,
    STATE,
    WRITTEN,
    Journal,
    Locked,
    holding,
    is_alive,
    newest_state,
    terraform_holds,
)
from support.dead_apply import ONE, TWO, journal_of
from support.memory_store import composed


@pytest.mark.parametrize("early", [None, frozenset(), frozenset({"aws_x.y"})])
@pytest.mark.parametrize("role", [None, AssumeRole("arn:aws:iam::123456789012:role/x", None, None)])
def test_it_reads_what_it_wrote(
    tmp_path: Path, role: AssumeRole | None, early: frozenset[str] | None
) -> None:
    made = journal_of(
        ONE, TWO, terraform=ProcessId.of(os.getpid()), versions={str(ONE): "v", str(TWO): None}
    )
    account = Account("acc", "123456789012", assume_role=role)
    locked = tuple(
        Locked(
            unit.address, account, unit.backend, unit.bootstrap, replace(unit.shape, early=early)
        )
        for unit in made.locked
    )
    made = journal_of(ONE, TWO, locked=locked, terraform=made.terraform, versions=made.versions)
    made.write(tmp_path)
    assert Journal.read(tmp_path) == made
    assert made.writes == {ONE, TWO}


def test_phase_and_terraform_are_noted(tmp_path: Path) -> None:
    entered = journal_of(ONE, phase=APPLYING).enter(tmp_path, WRITTEN)
    assert Journal.read(tmp_path) == entered
    assert entered.phase == WRITTEN
    started = entered.started(tmp_path, os.getpid())
    assert Journal.read(tmp_path) == started
    assert started.terraform is not None
    assert started.terraform.pid == os.getpid()
    assert started.terraform.alive


@pytest.mark.parametrize(
    "damage",
    ["", "{", "[]", "null", '{"pytg": 1}', '{"pytg": {"pid": "1", "started": 1, "host": "x"}}'],
)
def test_one_that_is_damaged_is_not_passed_over(tmp_path: Path, damage: str) -> None:
    (tmp_path / JOURNAL).write_text(damage)
    with pytest.raises(Refused, match="cannot be understood"):
        Journal.read(tmp_path)


@pytest.mark.parametrize("started", ["5f6d-boot:123456", "running", ""])
def test_a_journal_of_before_goes_by_the_number_alone(tmp_path: Path, started: str) -> None:
    """Its start times had another form: too careful is better than writing under a Terraform."""
    journal_of(ONE).write(tmp_path)
    data = json.loads((tmp_path / JOURNAL).read_text())
    host = socket.gethostname()
    for pid, alive in ((os.getpid(), True), (ended(), False)):
        data["pytg"] = {"pid": pid, "started": started, "host": host}
        (tmp_path / JOURNAL).write_text(json.dumps(data))
        assert is_alive(Journal.read(tmp_path).pytg) is alive


def ended() -> int:
    """The number of a process that is gone."""
    with subprocess.Popen([sys.executable, "-c", ""]) as process:
        process.wait()
    return process.pid


def test_of_another_host_nobody_knows(monkeypatch: pytest.MonkeyPatch) -> None:
    process = ProcessId(os.getpid(), None, "elsewhere")
    for other in ("", "somewhere"):
        monkeypatch.setenv("PYTG_TAKE_OVER", other)
        with pytest.raises(Refused, match="host elsewhere") as raised:
            is_alive(process)
        assert "PYTG_TAKE_OVER=elsewhere" in raised.value.hint
    monkeypatch.setenv("PYTG_TAKE_OVER", "elsewhere")
    assert not is_alive(process)


def test_who_inherited_the_descriptor_is_known_to_work(tmp_path: Path) -> None:
    assert not terraform_holds(tmp_path)
    command = [sys.executable, "-c", "input()"]
    with holding(tmp_path) as descriptor:
        terraform = subprocess.Popen(command, stdin=subprocess.PIPE, pass_fds=(descriptor,))
    with terraform:
        assert terraform_holds(tmp_path)
        with holding(tmp_path):  # another apply there is not kept from it
            assert terraform_holds(tmp_path)
        terraform.communicate(b"\n")
    assert not terraform_holds(tmp_path)


@pytest.mark.parametrize(
    ("errored", "state", "snapshot", "newest"),
    [
        (None, composed(ONE), composed(), composed(ONE)),
        (None, composed(ONE)[:-20], composed(), composed()),
        (None, b"", composed(), composed()),
        (None, b"{}", composed(), composed()),
        (None, b"[]", composed(), composed()),
        (None, None, composed(), composed()),
        (None, composed(ONE), None, composed(ONE)),
        (None, None, None, None),
        (None, b"", b"{", None),
        (composed(ONE, TWO), composed(ONE), composed(), composed(ONE, TWO)),
        (composed(ONE)[:-20], composed(), None, composed()),
    ],
)
def test_the_newest_whole_state(
    tmp_path: Path,
    errored: bytes | None,
    state: bytes | None,
    snapshot: bytes | None,
    newest: bytes | None,
) -> None:
    for name, body in ((ERRORED_STATE, errored), (STATE, state), (SNAPSHOT, snapshot)):
        if body is not None:
            (tmp_path / name).write_bytes(body)
    assert newest_state(tmp_path) == newest
