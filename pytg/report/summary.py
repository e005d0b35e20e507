"""What is to be said when a run is over: to people as text, to programs as one JSON object."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

from pytg.model import Address
from pytg.record.run import IDLE, Result, Run, Status, UnitRecord
from pytg.record.runs import CHANGING, kind, looks_outside
from pytg.record.words import counted, ended_as, named
from pytg.report.next_step import besides, next_step
from pytg.report.plain import STATUS_COLOURS, changed, seconds
from pytg.report.table import Style, printable

LISTED = (Status.FAILED, Status.UNKNOWN, *IDLE)


def summary(run: Run, style: Style | None = None, *, destroy: bool = False) -> str:
    """The end of `run` as text, without a line break at its end.

    What failed comes first, with its first error and its log, then what is unknown, skipped or
    cancelled, many for one reason in one line, then checks that do not hold, then counts, then
    what to type now. `destroy`: a plan was one of a destroy.
    """
    style = style or Style()
    lines: list[str] = []
    for status in LISTED:
        if run.result is Result.REFUSED and status is Status.CANCELLED:
            continue  # nothing was started: the refusal says all
        if run.result is Result.SUCCEEDED and status is Status.SKIPPED:
            continue  # left for after an apply: the progress above says of which
        units = {address: unit for address, unit in run.units.items() if unit.status is status}
        word = style.paint(str(status), STATUS_COLOURS[status])
        for same, unit in _alike(run, units):
            lines.append(f"{word} {named(same)}{_why(run, unit)}")
            lines += [
                printable(f"    may exist and be in no state: {resource}")
                for resource in unit.unknown_resources
            ]
            if _logged(unit):
                lines.append(f"    log: {_near(run.directory / str(unit.log))}")
    lines += _checks(run, style)
    counts = ", ".join(
        f"{count} {ended_as(Status(status), run.command)}"
        for status, count in by_status(run).items()
    )
    time = f" in {seconds(run.finished_at, run.started_at)}" if run.finished_at else ""
    lines.append(f"{style.paint(f'{run.command} {run.result}', 'bold')}{time}: {counts}")
    word = (
        "drift"
        if looks_outside(run)
        else "changes"
        if run.result is Result.SUCCEEDED
        else "planned"
    )
    others = "" if run.changes.total else besides(run)
    if run.result is Result.SUCCEEDED or run.changes.total or others:  # else nothing is known
        lines.append(f"  {word}: {others or changed(run.changes)}{made(run)}")
    lines += _how_far(run)
    if warnings := sum(said["severity"] == "warning" for said in _said(run)):
        lines.append(f"  {counted(warnings, 'warning')}")
    if run.orphans:
        count = counted(len(run.orphans), "unit")
        lines.append(f"  no longer configured: {count} with resources: {named(run.orphans)}")
    lines.append(f"  record: {_near(run.path)}")
    if command := next_step(run, destroy=destroy):
        lines.append(f"  next: {command}")
    return "\n".join(lines)


def made(run: Run) -> str:
    """Such as `; 3 of 7 made`, of an apply or destroy that did not make all that it planned."""
    if kind(run) not in CHANGING or run.result is Result.SUCCEEDED or not run.changes.total:
        return ""
    return f"; {run.made} of {run.changes.total} made"


def _how_far(run: Run) -> Iterator[str]:
    """Of an apply or destroy that failed: which units are done, and which were never begun."""
    if kind(run) not in CHANGING or run.result in {Result.SUCCEEDED, Result.REFUSED}:
        return
    units = run.units.items()
    done = [address for address, unit in units if unit.status is Status.SUCCEEDED]
    idle = [a for a, unit in units if unit.status in IDLE and unit.started_at is None]
    for word, which in (("done", done), ("not started", idle)):
        if which:
            yield f"  {word}: {named(sorted(which))}"


def json_summary(run: Run) -> dict[str, Any]:
    """What `--json` prints. `duration_s` is None while the run has no end."""
    ended = run.finished_at
    return {
        "run_id": run.run_id,
        "result": str(run.result),
        "units": by_status(run),
        "changes": asdict(run.changes),
        "made": run.made if kind(run) in CHANGING else 0,
        "duration_s": round((ended - run.started_at).total_seconds(), 3) if ended else None,
        "record": str(run.path),
        "processes": run.processes,
        "diagnostics": list(_said(run)),
        "checks": [
            {"unit": str(address), **asdict(check)}
            for address, unit in sorted(run.units.items())
            for check in unit.checks
        ],
        "orphans": [str(unit) for unit in run.orphans],
    }


def failure(run: Run) -> str:
    """Why `run` did not succeed, a line or more for each unit that is to blame."""
    bad = {
        a: u for a, u in sorted(run.units.items()) if u.status in (Status.FAILED, Status.UNKNOWN)
    }
    told = [f"{address} {unit.status}: {unit.reason}" for address, unit in bad.items()]
    counts = ", ".join(f"{count} {status}" for status, count in by_status(run).items())
    return "\n".join(told) or f"{run.command} {run.result}: {counts}"


def _checks(run: Run, style: Style) -> Iterator[str]:
    for address, unit in sorted(run.units.items()):
        for check in unit.checks:
            if check.status != "unknown":  # an apply will tell
                word = style.paint("check failed", "yellow")
                why = f": {printable(check.message.splitlines()[0])}" if check.message else ""
                yield f"{word} {address} {check.address}{why}"


def _said(run: Run) -> Iterator[dict[str, Any]]:
    """What was said of no single unit, then of each."""
    yield from ({"unit": None, **asdict(said)} for said in run.diagnostics)
    for address, unit in sorted(run.units.items()):
        yield from ({"unit": str(address), **asdict(said)} for said in unit.diagnostics)


def _alike(
    run: Run, units: Mapping[Address, UnitRecord]
) -> Iterator[tuple[list[Address], UnitRecord]]:
    """The units that ended for one reason; one with a log of its own stands alone."""
    groups: dict[tuple[str, Address | None], list[Address]] = {}
    for address, unit in sorted(units.items()):
        alone = address if _logged(unit) or unit.unknown_resources else None
        groups.setdefault((_why(run, unit), alone), []).append(address)
    for same in groups.values():
        yield same, units[same[0]]


def _logged(unit: UnitRecord) -> bool:
    return bool(unit.log) and unit.status in (Status.FAILED, Status.UNKNOWN)


def _why(run: Run, unit: UnitRecord) -> str:
    """What is needed and was itself skipped is left out, where its own cause is named."""
    causes = [a for a in unit.blocked_by if _status(run, a) is not Status.SKIPPED]
    if unit.blocked_by:
        return f": needs {', '.join(str(address) for address in causes or unit.blocked_by)}"
    return f": {printable(unit.reason.splitlines()[0])}" if unit.reason else ""


def _status(run: Run, address: Address) -> Status | None:
    return run.units[address].status if address in run.units else None


def by_status(run: Run) -> dict[str, int]:
    """How many units have each status that some unit has, in the order of `Status`."""
    statuses = [unit.status for unit in run.units.values()]
    return {str(status): statuses.count(status) for status in Status if status in statuses}


def _near(path: Path) -> str:
    """`path` from the working directory where it lies below it."""
    try:
        return str(path.relative_to(Path.cwd()))
    except ValueError:
        return str(path)
