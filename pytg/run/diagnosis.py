"""Tells what Terraform says: once, by unit, to who follows the run and in its record."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace

from pytg.errors import PytgError
from pytg.model import Address
from pytg.record.run import Finding, Outcome, Status
from pytg.record.run_events import Diagnosed
from pytg.run.blame import Blame
from pytg.run.blamed import Blamed
from pytg.run.execution import Execution
from pytg.run.hidden import Hidden
from pytg.terraform.completed import Completed
from pytg.terraform.conditions import Condition

_OF_CHECKS = "Check block"  # so begins what Terraform, too, never gathers


def hear(
    execution: Execution,
    blame: Blame,
    completed: Completed,
    conditions: Callable[[], Sequence[Condition]],
) -> list[Blamed]:
    """What Terraform said in a plan or an apply, led back; the checks go into the record.

    `conditions` reads the results of all conditions, which is asked for where it says more.
    """
    units = execution.record.run.units
    doubted = any(units[unit].checks for unit in blame.units)
    results: Sequence[Condition] = ()
    if doubted or any(map(blame.asks_for_conditions, completed.diagnostics)):
        hidden = Hidden(execution, blame.workdir, [execution.estate.units[u] for u in blame.units])
        results = [
            replace(one, messages=tuple(map(hidden.text, one.messages))) for one in conditions()
        ]
        execution.record.checked(blame.checks(results))
    return blame.of(completed.diagnostics, results)


def tell(execution: Execution, found: Iterable[Blamed]) -> None:
    """Tell each that this run has not told yet.

    Of warnings of one unit with one summary the first is told, with the number of the others,
    as Terraform does.
    """
    by_unit: dict[Address | None, list[Finding]] = defaultdict(list)
    for blamed in found:
        several = not blamed.sure or (blamed.shared and len(blamed.units) > 1)
        for unit in (() if several else blamed.units) or (None,):
            by_unit[unit].append(_finding(blamed))
    fresh: dict[Address | None, Sequence[Finding]] = {}
    for unit, findings in by_unit.items():
        new = [f for f in findings if (unit, f) not in execution.told]
        execution.told.update((unit, finding) for finding in new)
        fresh[unit] = _gathered(new)
    _record(execution, fresh)


def failed_on(execution: Execution, unit: Address, error: PytgError) -> Outcome:
    """How a unit ends that could not be worked on, for `error`, which is told."""
    summary, _, names = error.message.partition("\n")
    detail = "\n".join(filter(None, (names, error.hint)))
    record(execution, unit, [Finding("error", summary, detail)])
    return Outcome(Status.FAILED, str(error))


def record(execution: Execution, unit: Address | None, findings: Sequence[Finding]) -> None:
    """Put what was found into the run's record, and tell it to whoever follows the run."""
    _record(execution, {unit: findings})


def _record(execution: Execution, found: Mapping[Address | None, Sequence[Finding]]) -> None:
    execution.record.found(found)
    for unit, findings in found.items():
        for one in findings:
            execution.log.emit(
                Diagnosed(unit, one.severity, one.summary, one.detail, one.file, one.line)
            )


def _finding(blamed: Blamed) -> Finding:
    diagnostic = blamed.diagnostic
    return Finding(
        "warning" if diagnostic.severity == "warning" else "error",
        diagnostic.summary,
        blamed.detail,
        blamed.file,
        blamed.line,
    )


def _gathered(findings: Iterable[Finding]) -> list[Finding]:
    """Warnings that are alike as one; what is the same in every word once."""
    alike: dict[Finding, list[Finding]] = {}
    for one in findings:
        gathers = one.severity == "warning" and not one.summary.startswith(_OF_CHECKS)
        key = Finding("warning", one.summary) if gathers else one
        alike.setdefault(key, []).append(one)
    return [_first(same) if key != same[0] else key for key, same in alike.items()]


def _first(same: Sequence[Finding]) -> Finding:
    first, more = same[0], len(same) - 1
    if not more:
        return first
    note = f"(and {more} more similar warning{'s' if more > 1 else ''} elsewhere)"
    return replace(first, detail="\n".join(filter(None, (first.detail, note))))
