"""A process is recognised by its number and the time of its start."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace

import psutil
import pytest

from pytg.processes import TOLERANCE_S, ProcessId
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
    assert not replace(known, started=known.started + moved).alive


@pytest.mark.parametrize("moved", [-TOLERANCE_S / 2, TOLERANCE_S / 2])
def test_a_clock_that_was_set_makes_no_other_process(moved: float) -> None:
    known = ProcessId.of(os.getpid())
    assert replace(known, started=known.started + moved).alive


def test_a_process_of_another_host_is_not_here() -> None:
    assert not replace(ProcessId.of(os.getpid()), host="elsewhere").here


def test_what_has_no_start_time_is_no_process() -> None:
    assert not ProcessId(os.getpid(), 0.0, ProcessId.of(os.getpid()).host).alive
