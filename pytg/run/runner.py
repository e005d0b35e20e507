"""One run, from what dead runs left behind to the end of its own record."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

import networkx as nx

from pytg.compose.changes import UnitChanges
from pytg.errors import Interrupted, PytgError, Refused
from pytg.generate.fingerprint import Fingerprints
from pytg.graph.build import contract
from pytg.graph.selection import Selection
from pytg.model import Address, Estate, Unit
from pytg.processes import allow_open_files
from pytg.record import applied
from pytg.record.run import BAD, Asked, Result, Run, Status
from pytg.record.run_events import EventLog, RunFinished, RunStarted, Subscriber
from pytg.record.writer import RunRecord
from pytg.recovery.recover import recover_all, report
from pytg.run.execution import Execution, Question, Show, show_nothing
from pytg.run.generated import Written
from pytg.run.interrupts import Interrupts, interrupts
from pytg.run.options import Request
from pytg.run.pipeline import apply, plan
from pytg.run.reviewed import Keep, apply_kept, plan_to_keep
from pytg.state.state_reader import StateReader
from pytg.terraform.binary import Binary

CHANGES = 2
FAILURES = frozenset({Status.FAILED, Status.UNKNOWN})
LEFT = BAD - FAILURES


def nobody(_question: Question, _cancel: threading.Event) -> bool:
    """Where nobody can be asked. Raises Refused."""
    raise Refused("nobody is there to approve the plan", hint="pass --yes to approve it")


@dataclass(frozen=True, slots=True)
class View:
    """Who watches a run, and who is asked.

    `show` is told each plan before it is applied. `confirm` answers a question, and raises
    Interrupted when the event it is given is set meanwhile. `say` is told what happens before
    the run has a record. `subscribers` get every event.
    """

    show: Show = show_nothing
    confirm: Callable[[Question, threading.Event], bool] = nobody
    say: Callable[[str], None] = lambda _text: None
    subscribers: tuple[Subscriber, ...] = ()


@dataclass(frozen=True, slots=True)
class Finished:
    """A run that is over: its record, the planned changes by unit, and the error that ended it."""

    run: Run
    changes: Mapping[Address, UnitChanges] = field(default_factory=dict)
    error: PytgError | None = None

    @property
    def ok(self) -> bool:
        """Whether all that was asked for was done."""
        return self.run.result is Result.SUCCEEDED


def run(
    request: Request,
    view: View,
    *,
    estate: Estate,
    graph: nx.DiGraph[Address],
    selection: Selection,
    binary: Binary,
    states: StateReader,
    environment: Callable[[tuple[Unit, ...]], Mapping[str, str]],
    overwritten: Callable[[Unit, str, str], str | None],
    made_from: Callable[[], Fingerprints],
    written: Written = lambda _unit, _path: None,
    keep: Keep | None = None,
) -> Finished:
    """Recover what dead runs left, then do `request`. Ctrl-C ends it in order; see interrupts.

    `made_from` tells what units are made from, for the record of what is applied; `keep` gets
    what is planned, to be applied later.

    Raises PytgError or OSError where the run could not begin; how it ended is in what is
    returned.
    """
    allow_open_files()
    with interrupts() as stop:
        recovered = recover_all(estate, states, view.say, stop.requested, selected=selection.units)
        record = RunRecord.create(
            estate.root,
            command=request.command,
            args=request.args,
            selection=selection.canonical,
            units=selection.units,
            terraform_binary=str(binary.path),
            terraform_version=binary.version,
            mode="per-unit" if request.options.per_unit else "composed",
            asked=Asked(
                request.selectors.suffix,
                request.options.given,
                request.bundle.place if request.bundle else None,
            ),
            parent_run_id=request.parent,
        )
        if request.applies and not request.options.destroy:
            found = made_from()
            parts = {unit: found.of(unit) for unit in selection.units}
            with contextlib.suppress(OSError):  # then all of it counts as modified
                applied.keep(record.run.directory, parts)
        with EventLog(record.run.directory, *view.subscribers) as log:
            execution = Execution(
                estate=estate,
                graph=graph,
                order=contract(graph, selection.units),
                selection=selection,
                options=request.options,
                states=states,
                binary=binary,
                environment=environment,
                record=record,
                log=log,
                cancel=stop.requested,
                kill=stop.forced,
                show=view.show,
                confirm=lambda question: view.confirm(question, stop.requested),
                overwritten=overwritten,
                written=written,
                reviewed=request.bundle is not None,
            )
            report(log, recovered)
            run_id, mode = record.run.run_id, record.run.mode
            log.emit(RunStarted(run_id, request.command, mode, selection.units))
            return _work(execution, request, stop, keep)


def _work(execution: Execution, request: Request, stop: Interrupts, keep: Keep | None) -> Finished:
    record, result = execution.record, Result.FAILED
    changes: Mapping[Address, UnitChanges] = {}
    error: PytgError | None = None
    try:
        changes = _do(execution, request, keep)
        result, code = _verdict(execution, request, changes, stop)
    except OSError as raised:
        error, code = PytgError(str(raised), hint="run the command again when that is mended"), 1
    except PytgError as raised:
        error, code, result = raised, raised.exit_code, _result(raised)
    except BaseException:  # a defect of pytg: its record is closed all the same
        record.finish(Result.FAILED, 1)
        raise
    with contextlib.suppress(FileNotFoundError):
        record.update_run(processes=len(execution.processes.read_text().splitlines()))
    record.update_run(serials=execution.serials)
    finished = Finished(record.finish(result, code, error.message if error else ""), changes, error)
    execution.log.emit(RunFinished(result, code))
    return finished


def _do(execution: Execution, request: Request, keep: Keep | None) -> dict[Address, UnitChanges]:
    if request.bundle is not None:
        return apply_kept(execution, request.bundle)
    if keep is not None:
        return plan_to_keep(execution, request.selectors.suffix, keep)
    return (apply if request.applies else plan)(execution)


def _result(error: PytgError) -> Result:
    match error:
        case Refused():
            return Result.REFUSED
        case Interrupted():
            return Result.INTERRUPTED
        case _:
            return Result.FAILED


def _verdict(
    execution: Execution, request: Request, changes: Mapping[Address, UnitChanges], stop: Interrupts
) -> tuple[Result, int]:
    units = execution.record.run.units.items()
    statuses = {unit.status for address, unit in units if address not in execution.later}
    if stop.requested.is_set():
        return Result.INTERRUPTED, Interrupted.exit_code
    if statuses & FAILURES or (request.applies and statuses & LEFT):
        return Result.FAILED, 1
    if execution.later:  # all that was reviewed is applied, and there is more to plan
        return Result.SUCCEEDED, CHANGES
    changed = any(change.changed for change in changes.values())
    waiting = Status.SKIPPED in statuses
    if execution.drift:
        return Result.SUCCEEDED, CHANGES if changed else 0
    code = CHANGES if request.options.detailed_exitcode and (changed or waiting) else 0
    return Result.SUCCEEDED, code
