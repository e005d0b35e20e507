"""`pytg state backup`: a copy of the states of the selected units."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import click

from pytg.cli._context import Context
from pytg.cli._options import option, selecting
from pytg.cli._recovered import report_recovered, say
from pytg.errors import PytgError
from pytg.files import private_directory, write_atomic
from pytg.graph.selection import Selectors
from pytg.model import Unit
from pytg.record.words import counted
from pytg.recovery.recover import recover_units
from pytg.state.backups import BACKUPS, keep
from pytg.state.state_store import STATE_SUFFIX

_THREADS = 16
WHY = "asked"


@click.command("backup")
@selecting
@option(
    "--out",
    type=click.Path(path_type=Path, file_okay=False),
    metavar="DIR",
    envvar="PYTG_STATE_OUT",
    help="Write them there, a file a unit, in place of .pytg/backups.",
)
@option("--json", "as_json", is_flag=True, help="Print one JSON object.")
@click.pass_obj
def backup_command(
    context: Context, selectors: Selectors, *, out: Path | None, as_json: bool
) -> None:
    """Copy the states of the selected units, readable for you alone, byte for byte.

    `pytg state restore` takes a copy back. States hold sensitive values in clear.
    """
    project = context.project(selectors.suffix)
    units = [project.unit(address) for address in project.select(selectors).units]
    project.check_identity(units)
    report_recovered(recover_units(project.estate, units, project.states, say))

    def copy(unit: Unit) -> Path | None:
        body = project.states.store(unit).raw(unit.backend.key)
        if body is None:
            return None
        if out is None:
            return keep(project.root, unit.address, body, WHY).file
        return _write(out / f"{unit.address}{STATE_SUFFIX}", body)

    with ThreadPoolExecutor(_THREADS) as pool:
        made = zip(units, pool.map(copy, units), strict=True)
        files = {str(unit.address): str(file) for unit, file in made if file is not None}
    if as_json:
        click.echo(json.dumps({"backups": files}, indent=2, ensure_ascii=False))
    without = len(units) - len(files)
    none = f"; {counted(without, 'unit')} without one" if without else ""
    say(f"{counted(len(files), 'state')} copied to {out or BACKUPS}{none}")


def _write(file: Path, body: bytes) -> Path:
    try:
        private_directory(file.parent)
        write_atomic(file, body)
    except OSError as error:
        raise PytgError(
            f"cannot write the copy {file}: {error.strerror}", hint="--out needs a directory"
        ) from error
    return file
