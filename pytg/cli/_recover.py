"""What commands that read or unlock one unit do about a run that died at work on it."""

from __future__ import annotations

import threading

import click

from pytg.cli._stores import stores_of
from pytg.errors import Refused
from pytg.generate.unit import unit_directory
from pytg.model import Estate, Unit
from pytg.record.reader import running
from pytg.recovery.composed import Recovery, journals, recover
from pytg.recovery.dead_runs import at_work
from pytg.recovery.journal import Journal
from pytg.state.states import States


def recover_unit(estate: Estate, unit: Unit) -> None:
    """Take up what a dead run left of `unit`, and say so on standard error."""

    def concerns(journal: Journal) -> bool:
        return any(locked.address == unit.address for locked in journal.locked)

    _say(recover(estate.root, States(stores_of(estate)), say, threading.Event(), concerns=concerns))


def recover_lock(estate: Estate, unit: Unit, lock_id: str) -> None:
    """Take up the run that took the lock `lock_id` of `unit`, if it died.

    Raises Refused while it, or its Terraform, lives. The state that it left behind is written
    under that lock: it must not be pulled away.
    """
    workdir = unit_directory(estate, unit).resolve()
    for run in running(estate.root):
        if workdir in at_work(run):
            raise Refused(
                f"a Terraform of run {run.run_id} still works on {unit.address} under that lock",
                hint="wait for its end: it leaves its lock itself",
            )

    def concerns(journal: Journal) -> bool:
        return journal.lock_id == lock_id

    for _, journal in journals(estate.root):
        if concerns(journal) and journal.pytg.alive:
            raise Refused(
                f"run {journal.run_id} (pid {journal.pytg.pid}) still works under that lock",
                hint="wait for its end, or interrupt it: it leaves its locks itself",
            )
    _say(recover(estate.root, States(stores_of(estate)), say, threading.Event(), concerns=concerns))


def say(text: str) -> None:
    """Tell the person at the terminal."""
    click.echo(text, err=True)


def _say(recovered: list[Recovery]) -> None:
    for found in recovered:
        if found.written:
            say(f"recovered the state of {', '.join(map(str, found.written))}")
        for resource in found.in_flight:
            say(f"run {found.run_id} may have left {resource} without a state")
