"""How a run and its units go from one status to the next; nothing is written here."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from pytg.record.run import Outcome, Result, Run, Status, UnitRecord


def begun(unit: UnitRecord, now: datetime) -> UnitRecord:
    """`unit` as it starts, once more or for the first time."""
    return replace(
        unit,
        status=Status.RUNNING,
        started_at=unit.started_at or now,
        finished_at=None,
        attempts=unit.attempts + 1,
    )


def reopened(unit: UnitRecord) -> UnitRecord:
    """`unit`, which ended, before it starts once more; why it failed stays until it ends again."""
    return replace(
        unit,
        status=Status.PENDING,
        blocked_by=(),
        unknown_resources=(),
        finished_at=None,
    )


def ended(unit: UnitRecord, outcome: Outcome, now: datetime) -> UnitRecord:
    """`unit` at its end; one that never started has no time of its end."""
    return replace(
        unit,
        status=outcome.status,
        reason=outcome.reason,
        blocked_by=outcome.blocked_by,
        unknown_resources=outcome.unknown_resources,
        made=outcome.made,
        finished_at=unit.finished_at or (now if unit.started_at else None),
    )


def settled(run: Run, now: datetime | None, result: Result, exit_code: int | None) -> Run:
    """`run` at its end, with no unit pending or running. `now` is None when its process died."""
    worked = run.processes or any(unit.started_at for unit in run.units.values())
    orphaned = now is None and run.mode == "composed" and worked
    ends = {
        Status.RUNNING: (Status.UNKNOWN, "the run ended before this unit did"),
        Status.PENDING: (Status.UNKNOWN, "the run died; Terraform may have gone on")
        if orphaned
        else (Status.CANCELLED, "the run ended before this unit started"),
    }
    units = dict(run.units)
    for address, unit in run.units.items():
        if unit.status in ends:
            status, reason = ends[unit.status]
            units[address] = replace(
                unit,
                status=status,
                reason=unit.reason or reason,
                finished_at=now if unit.started_at else None,
            )
    return replace(run, units=units, finished_at=now, result=result, exit_code=exit_code)
