"""Past runs for people: a table of them, and what one did, unit by unit."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from pytg.model import Address
from pytg.record.run import Asked, Finding, OptionValue, Result, Run, Status, UnitRecord
from pytg.record.runs import Damaged, PastRuns
from pytg.record.types import timestamp
from pytg.record.words import counted, ended_as, named
from pytg.report.plain import changed, seconds
from pytg.report.summary import by_status, json_summary, made
from pytg.report.table import columns, printable

CHECKED = {"fail": "fails", "error": "cannot be evaluated", "unknown": "is known after an apply"}


def runs_table(runs: Sequence[Run]) -> str:
    """One line a run, in the order of `runs`."""
    rows = [("run", "command", "result", "time", "units", "changes")]
    for run in runs:
        counts = ", ".join(
            f"{n} {ended_as(Status(status), run.command)}" for status, n in by_status(run).items()
        )
        rows.append((run.run_id, run.command, str(run.result), _took(run), counts, _did(run)))
    return columns(rows)


def runs_document(past: PastRuns, runs: Sequence[Run]) -> dict[str, Any]:
    """The same for programs, with the records that cannot be read."""
    return {
        "runs": [run_summary(run) for run in runs],
        "damaged": [damaged_document(found) for found in past.damaged],
    }


def damaged_document(found: Damaged) -> dict[str, Any]:
    """A record that cannot be read."""
    return {"run_id": found.run_id, "reason": found.reason}


def run_summary(run: Run) -> dict[str, Any]:
    """What `--json` printed of the run, with what was asked and when."""
    head = {
        "command": run.command,
        "args": list(run.args),
        "mode": run.mode,
        "selection": run.selection.canonical,
        "parent_run_id": run.parent_run_id,
        "started_at": timestamp(run.started_at),
        "finished_at": timestamp(run.finished_at) if run.finished_at else None,
        "exit_code": run.exit_code,
        "stages": [[str(unit) for unit in stage] for stage in run.stages],
    }
    return json_summary(run) | head


def shown(run: Run) -> str:
    """All that the record of `run` says, as text without a line break at its end."""
    return "\n".join([*_head(run), *_units(run), *_said(run)])


def _head(run: Run) -> Iterator[str]:
    code = "" if run.exit_code is None else f", exit code {run.exit_code}"
    yield f"{run.command} {run.run_id}: {run.result}{code}"
    for text in run.reason.splitlines():
        yield printable(f"      {text}")
    yield f"  started    {timestamp(run.started_at)}"
    if run.finished_at:
        yield f"  finished   {timestamp(run.finished_at)}, after {_took(run)}"
    yield printable(f"  arguments  {' '.join(run.args)}")
    yield printable(f"  selection  {run.selection.canonical}: {_count(run.selection.units)}")
    yield printable(f"  asked      {run.mode}{_asked(run.asked)}")
    if run.parent_run_id:
        yield f"  again      {run.parent_run_id}"
    yield printable(f"  terraform  {run.terraform.version}, {run.terraform.binary}")
    yield f"  pytg       {run.pytg_version}"
    yield f"  processes  {run.processes}"
    for number, stage in enumerate(run.stages, 1):
        yield f"  stage {number}    {_count(stage)}: {named(stage)}"
    if run.orphans:
        yield f"  orphans    {named(run.orphans)}"
    yield f"  record     {run.path}"


def _did(run: Run) -> str:
    """What was done; of a run that ended otherwise, what it had planned, as far as it came."""
    if run.result is Result.SUCCEEDED:
        return changed(run.changes)
    return f"planned: {changed(run.changes)}{made(run)}" if run.changes.total else "-"


def _asked(asked: Asked | None) -> str:
    if asked is None:
        return "; the record is of an older pytg and does not say more"
    given = {**({"suffix": asked.suffix} if asked.suffix else {}), **asked.options}
    return "".join(f", {' '.join(_flags(name, value))}" for name, value in given.items())


def _flags(name: str, value: OptionValue) -> Iterator[str]:
    """How an option is given on the command line."""
    flag = f"--{name.replace('_', '-')}"
    if value is True:
        yield flag
        return
    for each in value if isinstance(value, tuple) else (value,):
        yield f"{flag} {each}"


def _units(run: Run) -> Iterator[str]:
    rows = [("unit", "status", "time", "changes")]
    rows += [
        (str(a), ended_as(u.status, run.command), _time(u), _changes(u))
        for a, u in run.units.items()
    ]
    yield ""
    yield columns(rows)


def _changes(unit: UnitRecord) -> str:
    if not unit.changes.total and unit.besides:
        return unit.besides
    return "; ".join(filter(None, (changed(unit.changes), unit.besides)))


def _said(run: Run) -> Iterator[str]:
    """What there is to say of units beside their row; of none, first."""
    lines = [line for finding in run.diagnostics for line in _finding(finding)]
    if lines:
        yield from ("", *lines)
    for address, unit in run.units.items():
        if lines := list(_of_unit(unit)):
            yield from ("", str(address), *lines)


def _of_unit(unit: UnitRecord) -> Iterator[str]:
    if unit.reason:
        yield printable(f"  {unit.reason.splitlines()[0]}")
    if unit.blocked_by:
        yield f"  needs {named(unit.blocked_by)}"
    for resource in unit.unknown_resources:
        yield printable(f"  may exist and be in no state: {resource}")
    for finding in unit.diagnostics:
        yield from _finding(finding)
    for check in unit.checks:
        why = f": {check.message.splitlines()[0]}" if check.message else ""
        yield printable(f"  check {check.address} {CHECKED[check.status]}{why}")
    if unit.attempts > 1:
        yield f"  {counted(unit.attempts, 'attempt')}"
    if unit.log:
        yield f"  log: {unit.log}"


def _finding(finding: Finding) -> Iterator[str]:
    line = f":{finding.line}" if finding.line else ""
    where = f" ({finding.file}{line})" if finding.file else ""
    yield printable(f"  {finding.severity}: {finding.summary}{where}")
    for text in finding.detail.strip().splitlines():
        yield printable(f"      {text}")


def _count(units: Sequence[Address]) -> str:
    return counted(len(units), "unit")


def _took(run: Run) -> str:
    return seconds(run.finished_at, run.started_at) if run.finished_at else "-"


def _time(unit: UnitRecord) -> str:
    if unit.started_at is None or unit.finished_at is None:
        return "-"
    return seconds(unit.finished_at, unit.started_at)
