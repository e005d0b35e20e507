"""The state that Terraform prints, in clear and amid its events, where it can save it nowhere.

It is the newest there is, and a log is no place for it: it becomes `errored.tfstate`, which is
where Terraform would have left it. What else is no event goes from the log too.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterable
from pathlib import Path

from pytg import exact_json
from pytg.files import write_atomic
from pytg.generate.unit import unit_directory
from pytg.model import Estate
from pytg.record.reader import mark_dead, running
from pytg.record.run import Run, Status
from pytg.recovery.dead_runs import at_work
from pytg.recovery.journal import ERRORED_STATE
from pytg.terraform.event_stream import TEXT, parse_line

PRINTED = "printed.jsonl"  # what a log held, until all of it is where it belongs


def take_out_state(log: Path, workdir: Path) -> bool:
    """Take out of `log` what is no event; whether a state was among it, now in `workdir`.

    What cannot be written (the disk that was full may still be) stays whole in `workdir`, for
    the next call. Raises OSError then.
    """
    kept = workdir / PRINTED
    if not kept.exists():
        if not (log.is_file() and _has_more_than_events(log)):
            return False
        shutil.move(log, kept)  # takes no room on the same disk
    lines = kept.read_bytes().split(b"\n")
    if log.parent.is_dir():  # else nobody needs it
        write_atomic(log, b"\n".join(line for line in lines if _is_event(line)) + b"\n")
    return _keep(lines, workdir)


def take_out_states(estate: Estate) -> None:
    """The same in the logs of units of runs that died. Raises OSError."""

    def take_out(run: Run) -> None:
        if at_work(run):
            return
        for address, record in run.units.items():
            unit = estate.units.get(address)
            if unit and record.log and record.status is Status.RUNNING:
                take_out_state(run.directory / record.log, unit_directory(estate, unit))

    for run in running(estate.root):
        mark_dead(run, take_out)  # it stays open


def finish_taking_out(workdir: Path) -> None:
    """Write the state that could not be written when it was taken out of a log. Raises OSError."""
    kept = workdir / PRINTED
    if kept.exists():
        _keep(kept.read_bytes().split(b"\n"), workdir)


def _keep(lines: Iterable[bytes], workdir: Path) -> bool:
    states = [state for line in lines if (state := _state(line)) is not None]
    for state in states[-1:]:
        write_atomic(workdir / ERRORED_STATE, state)
    (workdir / PRINTED).unlink()
    return bool(states)


def _has_more_than_events(log: Path) -> bool:
    with log.open("rb") as file:
        return not all(map(_is_event, file))


def _is_event(line: bytes) -> bool:
    return not line.strip() or parse_line(line.decode(errors="replace")).type != TEXT


def _state(line: bytes) -> bytes | None:
    """The state in a line such as `{"@message": "Emergency state dump", "state": {...}}`."""
    try:
        found = exact_json.loads(line.decode())
    except ValueError:
        return None
    state = found.get("state") if isinstance(found, dict) else None
    return exact_json.dumps(state, indent=2).encode() if isinstance(state, dict) else None
