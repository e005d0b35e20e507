"""Records on disk: read, listed, closed after a death; each is written whole."""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path

from pydantic_core import from_json

from pytg.errors import Refused
from pytg.files import write_atomic
from pytg.model import Address
from pytg.record.run import RUN, SCHEMA, UNIT, Result, Run, UnitRecord
from pytg.record.transitions import settled
from pytg.record.types import problem

RUNS = Path(".pytg", "runs")
RESULT = b'  "result": '  # as `write` has it
RUNNING_LINE = RESULT + f'"{Result.RUNNING}"'.encode()


def load(path: Path) -> Run:
    """Read a record: `run.json`, or its directory. Raises Refused when it is none."""
    path = path / "run.json" if path.is_dir() else path
    try:
        document = from_json(path.read_bytes())
        if not isinstance(document, dict) or "schema" not in document:
            raise ValueError("it has no schema")  # noqa: TRY301 - said below, with the path
        if document["schema"] == SCHEMA:
            return RUN.validate_python({**document, "directory": path.parent})
    except (OSError, ValueError) as error:
        raise Refused(
            f"{path}: not a run record: {problem(error)}",
            hint="`.pytg/runs` holds the records there are",
        ) from error
    raise Refused(
        f"{path}: the record has schema {document['schema']}, this pytg reads {SCHEMA}",
        hint="use the version of pytg that wrote it",
    )


def running(root: Path) -> Iterator[Run]:
    """The runs that go on by their record: some may have died."""
    for path in sorted((root / RUNS).glob("*/run.json")):
        with contextlib.suppress(OSError, Refused), path.open("rb") as file:
            result = next((text for text in file if text.startswith(RESULT)), b"")
            if result.startswith(RUNNING_LINE):  # it stands before the units, which may be many
                yield load(path)


def mark_dead(
    run: Run, in_flight: Callable[[Run], Mapping[Address, Iterable[str]] | None] = lambda _run: {}
) -> Run:
    """Close the record of a run whose process died; return the record as it is afterwards.

    A run that goes on, or has ended, comes back as it is. Units that were running become
    unknown. So do pending ones of a composed run in which a unit or Terraform had started, for
    Terraform may have gone on without pytg; otherwise they become cancelled. `in_flight` says
    of a run that is dead which resources of a unit may exist and be in no state; it is called
    before the record is closed, and with None it stays open.
    """
    if run.result is not Result.RUNNING:
        return run
    try:
        held = lock(run.directory, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return run
    try:
        current = load(run.directory)
        if current.result is Result.RUNNING:
            found = in_flight(current)
            if found is None:
                return current
            current = settled(current, None, Result.INTERRUPTED, None)
            units = dict(current.units)
            for unit, resources in found.items():
                units[unit] = replace(units[unit], unknown_resources=tuple(sorted(resources)))
            current = replace(current, units=units)
            write(current, {address: line(address, unit) for address, unit in units.items()})
        return current
    finally:
        os.close(held)


def lock(directory: Path, operation: int) -> int:
    """An advisory lock on `directory` that ends with this process. Raises BlockingIOError."""
    descriptor = os.open(directory, os.O_RDONLY)
    try:
        fcntl.flock(descriptor, operation)
    except BaseException:
        os.close(descriptor)
        raise
    return descriptor


def line(address: Address, unit: UnitRecord) -> str:
    """The line of a unit in a record."""
    return f'    "{address}": {json.dumps(UNIT.dump_python(unit, mode="json"))}'


def write(run: Run, lines: Mapping[Address, str]) -> None:
    """One line a field and a unit: readable, and quick to write again for hundreds of units."""
    fields = RUN.dump_python(run, mode="json", exclude={"units"})
    head = [f'  "{name}": {json.dumps(value)}' for name, value in fields.items()]
    units = ",\n".join(lines.values())
    text = "{\n" + ",\n".join([*head, f'  "units": {{\n{units}\n  }}']) + "\n}\n"
    write_atomic(run.path, text.encode(), mode=0o644)
