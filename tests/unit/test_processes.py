"""A process is recognised by its number and the time of its start."""

from __future__ import annotations

import json
import os
import resource
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import asdict, replace
from typing import Any

import psutil
import pytest

from pytg.processes import OPEN_FILES, TOLERANCE_S, ProcessId, allow_open_files
from support.process import eventually


@pytest.fixture
def child() -> Iterator[subprocess.Popen[bytes]]:
    """A process that waits for its standard input to end."""
    command = [sys.executable, "-c", "import sys; sys.stdin.read()"]
    with subprocess.Popen(command, stdin=subprocess.PIPE) as process:
        yield process
        process.kill()


def test_a_process_is_alive_until_it_has_ended(child: subprocess.Popen[bytes]) -> None:
    known = ProcessId.of(child.pid)
    assert known.here
    assert known.alive
    child.kill()
    child.wait()
    assert not known.alive
    assert not ProcessId.of(child.pid).alive


def test_one_that_nobody_waited_for_has_ended(child: subprocess.Popen[bytes]) -> None:
    known = ProcessId.of(child.pid)
    child.kill()
    eventually(lambda: psutil.Process(child.pid).status() == psutil.STATUS_ZOMBIE)
    assert not known.alive


@pytest.mark.parametrize("moved", [-2 * TOLERANCE_S, 2 * TOLERANCE_S])
def test_another_process_with_its_number_is_not_it(moved: float) -> None:
    known = ProcessId.of(os.getpid())
    assert known.alive
    assert not replace(known, started=(known.started or 0) + moved).alive


@pytest.mark.parametrize("moved", [-TOLERANCE_S / 2, TOLERANCE_S / 2])
def test_a_clock_that_was_set_makes_no_other_process(moved: float) -> None:
    known = ProcessId.of(os.getpid())
    assert replace(known, started=(known.started or 0) + moved).alive


def test_a_process_of_another_host_is_not_here() -> None:
    assert not replace(ProcessId.of(os.getpid()), host="elsewhere").here


def test_what_has_no_start_time_is_no_process() -> None:
    assert not ProcessId(os.getpid(), 0.0, ProcessId.of(os.getpid()).host).alive


@pytest.mark.parametrize("moved", [-86400.0, 86400.0])
def test_neither_does_one_that_was_set_by_a_day(moved: float) -> None:
    """On Linux psutil then has another time for the boot, and with it for every start."""
    known = ProcessId.of(os.getpid())
    assert known.started is not None
    assert known.booted is not None
    before = replace(known, started=known.started + moved, booted=known.booted + moved)
    assert before.alive
    assert not replace(before, started=known.started + 2 * moved).alive
    assert not replace(before, booted=None).alive


def test_a_start_stays_where_only_the_boot_moves() -> None:
    """As elsewhere than on Linux."""
    assert replace(ProcessId.of(os.getpid()), booted=1.0).alive


def test_where_its_start_was_not_known_the_number_has_to_do(
    child: subprocess.Popen[bytes],
) -> None:
    known = replace(ProcessId.of(child.pid), started=None)
    assert known.alive
    child.kill()
    eventually(lambda: psutil.Process(child.pid).status() == psutil.STATUS_ZOMBIE)
    assert not known.alive
    child.wait()
    assert not known.alive


@pytest.mark.parametrize("hidden", ["create_time", "status"])
def test_what_the_system_hides_is_taken_for_the_process(
    monkeypatch: pytest.MonkeyPatch, hidden: str
) -> None:
    known = ProcessId.of(os.getpid())

    def denied(_process: psutil.Process) -> None:
        raise psutil.AccessDenied

    monkeypatch.setattr(psutil.Process, hidden, denied)
    assert known.alive
    assert (ProcessId.of(os.getpid()).started is None) is (hidden == "create_time")
    other = replace(known, started=1.0, booted=None)
    assert other.alive is (hidden == "create_time")


def test_it_is_read_as_it_was_written() -> None:
    known = ProcessId.of(os.getpid())
    assert ProcessId.parse(json.loads(json.dumps(asdict(known)))) == known


@pytest.mark.parametrize("started", ["boot-id:4711", None, "2026-11-22T18:59:33Z"])
def test_a_start_in_another_form_is_not_known(started: str | None) -> None:
    found = ProcessId.parse({"pid": 0, "started": started, "host": "x"})
    assert found == ProcessId(0, None, "x", None)


@pytest.mark.parametrize(
    "data",
    [
        {},
        {"pid": 1, "started": 1.0},
        {"pid": 1, "host": "x"},
        {"pid": "1", "started": 1.0, "host": "x"},
        {"pid": -1, "started": 1.0, "host": "x"},
        {"pid": 1, "started": 1.0, "host": None},
        [],
        None,
    ],
)
def test_what_is_no_process_is_refused(data: Any) -> None:
    with pytest.raises((KeyError, TypeError, ValueError)):
        ProcessId.parse(data)


def test_many_files_may_be_open_as_far_as_the_system_lets() -> None:
    before = resource.getrlimit(resource.RLIMIT_NOFILE)
    try:
        resource.setrlimit(resource.RLIMIT_NOFILE, (64, before[1]))
        allow_open_files()
        soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
        assert hard == before[1]
        assert soft == (OPEN_FILES if hard == resource.RLIM_INFINITY else min(OPEN_FILES, hard))
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, before)
