"""From a request to a run: open everything it needs, run it, close the record."""

from __future__ import annotations

import contextlib
import json
import os
import select
import sys
from collections.abc import Callable, Iterable, Mapping
from contextlib import AbstractContextManager

import click

from pytg.aws.bucket_settings import Overwrites
from pytg.aws.identity import check_identity
from pytg.aws.session import Sessions
from pytg.cli._context import Context
from pytg.cli._document import before_the_record, error_document
from pytg.cli._recover import say
from pytg.cli._run import Request
from pytg.cli._show import Display
from pytg.cli._stores import stores_of
from pytg.compose.changes import UnitChanges
from pytg.errors import Interrupted, PytgError, Refused
from pytg.generate.providers import REGIONAL
from pytg.graph.build import build_graph, contract
from pytg.graph.selection import select_units
from pytg.model import Account, Address, Estate, Unit
from pytg.record.run import Result, Status
from pytg.record.run_events import EventLog, Recovered, RunFinished, RunStarted
from pytg.record.writer import RunRecord
from pytg.recovery.composed import recover, tell
from pytg.recovery.dead_runs import close_abandoned
from pytg.recovery.unpushed_state import push_errored
from pytg.report.plain import PlainReport
from pytg.report.summary import json_summary, summary
from pytg.report.table import Style
from pytg.run.execution import Execution, Options
from pytg.run.interrupts import Interrupts, interrupts
from pytg.run.pipeline import apply, plan
from pytg.state.states import States
from pytg.terraform.binary import find_terraform
from pytg.terraform.environment import environment
from pytg.terraform.provider_mirror import cli_config

CHANGES = 2
FAILURES = frozenset({Status.FAILED, Status.UNKNOWN})
LEFT = frozenset({Status.SKIPPED, Status.CANCELLED})


def execute(context: Context, request: Request) -> int:
    """Run `request`; returns the exit code. Raises PytgError where it is refused."""
    with before_the_record(as_json=request.as_json):
        request.require_selection()
        request.require_place()
        estate = context.estate(request.selectors.suffix)
        graph = build_graph(estate)
        selection = select_units(estate, graph, request.selectors)
        binary = find_terraform(estate.terraform.binary, estate.root)
        binary.require(estate.terraform.required_version)
        sessions = Sessions(estate.root)
        check_identity(sessions, _reached([estate.units[a] for a in selection.units]))
        states = States(stores_of(estate, sessions))
    with interrupts() as stop:
        with before_the_record(as_json=request.as_json):
            recovered = recover(estate.root, states, say, stop.requested)
            pushed = push_errored(estate, estate.units.values(), states, say, stop.requested)
            recovered += close_abandoned(estate, states, say)
            record = RunRecord.create(
                estate.root,
                command=request.command,
                args=request.args,
                selection=selection.canonical,
                units=selection.units,
                terraform_binary=str(binary.path),
                terraform_version=binary.version,
                mode="per-unit" if request.per_unit else "composed",
            )
        display = Display(request)
        with EventLog(record.run.directory) as log, PlainReport(sys.stderr) as plain:
            log.subscribe(plain)
            execution = Execution(
                estate=estate,
                graph=graph,
                order=contract(graph, selection.units),
                selection=selection,
                options=_options(request),
                states=states,
                binary=binary,
                environment=_environments(estate),
                record=record,
                log=log,
                cancel=stop.requested,
                kill=stop.forced,
                asks=not request.assume_yes,
                show=display.show,
                confirm=_confirm(request, stop, plain.asking),
                overwritten=Overwrites(sessions).there,
            )
            for found in recovered:
                tell(log, found)
            if pushed:
                log.emit(Recovered(pushed))
            log.emit(
                RunStarted(record.run.run_id, request.command, record.run.mode, selection.units)
            )
            code = _run(execution, request, display, stop)
    return code


def _run(execution: Execution, request: Request, display: Display, stop: Interrupts) -> int:
    record, changes, result = execution.record, {}, Result.FAILED
    error: PytgError | None = None
    try:
        changes = (apply if request.applies else plan)(execution)
        result, code = _verdict(execution, request, changes, stop)
    except OSError as raised:
        error, code = PytgError(str(raised), hint="run the command again when that is mended"), 1
    except PytgError as raised:
        error, code = raised, raised.exit_code
        refused = isinstance(raised, Refused)
        stopped = isinstance(raised, Interrupted)
        result = Result.REFUSED if refused else Result.INTERRUPTED if stopped else Result.FAILED
    except BaseException:  # a defect of pytg: its record is closed all the same
        record.finish(Result.FAILED, 1)
        raise
    with contextlib.suppress(FileNotFoundError):
        record.update_run(processes=len(execution.processes.read_text().splitlines()))
    run = record.finish(result, code)
    execution.log.emit(RunFinished(result, code))
    click.echo(summary(run, Style.of(sys.stderr), destroy=request.destroy), err=True)
    if request.as_json:
        ended_by = {"error": error_document(error) if error else None}
        document = json_summary(run) | {"plan": display.document} | ended_by
        click.echo(json.dumps(document, indent=2))
    if error is not None:
        raise error
    return code


def _verdict(
    execution: Execution, request: Request, changes: Mapping[Address, UnitChanges], stop: Interrupts
) -> tuple[Result, int]:
    statuses = {unit.status for unit in execution.record.run.units.values()}
    if stop.requested.is_set() and not (request.fail_fast and statuses & FAILURES):
        return Result.INTERRUPTED, Interrupted.exit_code
    if statuses & FAILURES or (request.applies and statuses & LEFT):
        return Result.FAILED, 1
    changed = any(change.changed for change in changes.values())
    waiting = Status.SKIPPED in statuses
    code = CHANGES if request.detailed_exitcode and (changed or waiting) else 0
    return Result.SUCCEEDED, code


def _options(request: Request) -> Options:
    return Options(
        destroy=request.destroy,
        per_unit=request.per_unit,
        fail_fast=request.fail_fast,
        parallelism=request.parallelism,
        lock_timeout_s=request.lock_timeout,
        allow_loss=frozenset(request.allow_loss),
        allow_overwrite=frozenset(request.allow_overwrite),
        out=request.out,
        verbose=request.verbose,
    )


def _reached(units: Iterable[Unit]) -> list[Account]:
    """The accounts that a run over `units` calls."""
    found = {
        unit.account.name: unit.account
        for unit in units
        if REGIONAL in unit.module.providers or unit.backend.type != "local"
    }
    return [found[name] for name in sorted(found)]


def _environments(estate: Estate) -> Callable[[tuple[Unit, ...]], Mapping[str, str]]:
    config = cli_config(estate.root, estate.terraform.providers.values(), os.environ)
    cache = None if config else estate.root / ".pytg" / "cache" / "plugins"

    def of(units: tuple[Unit, ...]) -> Mapping[str, str]:
        sandbox = all(unit.account.sandbox for unit in units)
        return environment(
            os.environ,
            sandbox=sandbox,
            cli_config=config,
            plugin_cache=cache,
        )

    return of


def _confirm(
    request: Request, stop: Interrupts, asking: Callable[[], AbstractContextManager[None]]
) -> Callable[[str], bool]:
    def ask(question: str) -> bool:
        if request.assume_yes:
            return True
        if not sys.stdin.isatty():
            raise Refused("nobody is there to approve the plan", hint="pass --yes to approve it")
        with asking():
            click.echo(f"{question} [y/N]: ", nl=False, err=True)
            while not select.select([sys.stdin], [], [], 0.1)[0]:
                if stop.requested.is_set():
                    raise Interrupted("interrupted while asking: nothing was changed in this stage")
            return sys.stdin.readline().strip().lower() in {"y", "yes"}

    return ask
