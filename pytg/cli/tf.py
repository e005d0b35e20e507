"""`pytg tf`: any Terraform command in the root module of one unit."""

from __future__ import annotations

import click

from pytg.cli._context import Context
from pytg.cli._options import suffix_option
from pytg.cli._recovered import report_recovered, say
from pytg.files import close_to_others
from pytg.generate.composed import init_key
from pytg.generate.unit import local_states, render_unit, unit_directory
from pytg.generate.write import write_files
from pytg.run.stage_inputs import require_upstream
from pytg.terraform.command import Command
from pytg.terraform.installed import needs_init
from pytg.terraform.spawn import attach
from pytg.terraform.workdir import init_again, prepare

NEED_NO_INIT = frozenset({"fmt", "get", "init", "version"})
READS_UPSTREAM = frozenset({"apply", "plan", "refresh"})
DESTROYS = frozenset({"-destroy", "--destroy"})
ASKS = ("TF_INPUT", "TF_IN_AUTOMATION")


@click.command("tf", context_settings={"ignore_unknown_options": True})
@click.argument("address")
@click.argument("arguments", metavar="-- ARGS...", nargs=-1, required=True, type=click.UNPROCESSED)
@suffix_option()
@click.pass_obj
def command(context: Context, address: str, arguments: tuple[str, ...], suffix: str | None) -> int:
    """Run a Terraform command in the root module of the unit at ADDRESS.

    What a run that died left of the unit's state is recovered first; the root is generated and
    initialised, where that is needed. What it reads of other units must be in their states for
    plan, apply and refresh. The exit code is Terraform's.
    """
    project = context.project(suffix)
    estate, unit = project.estate, project.unit(address)
    directory, files = unit_directory(estate, unit), render_unit(estate, unit)
    env = project.environment([unit])
    as_it_is = arguments[0] in NEED_NO_INIT or arguments[0].startswith("-")
    if as_it_is:
        write_files(directory, files)
    else:
        project.check_identity([unit])
        report_recovered(project.recover(unit.address, say))
        if arguments[0] in READS_UPSTREAM and not DESTROYS & {*arguments}:
            require_upstream(estate, unit, project.states)
        key = init_key(files, directory, project.binary.flavour)
        prepare(project.binary, directory, files, env, init_key=key)
    asking = {name: value for name, value in env.items() if name not in ASKS}
    said: list[str] = []
    wanted = Command(arguments[0], {}, arguments[1:])
    code = attach(project.binary.path, directory, wanted, asking, on_error=said.append)
    if code > 0 and not as_it_is and needs_init("".join(said)):
        click.echo("Terraform asks for init: running it, and the command once more", err=True)
        init_again(project.binary, directory, env)
        code = attach(project.binary.path, directory, wanted, asking)
    close_to_others(directory, *local_states(estate, unit))
    return code if code >= 0 else 128 - code
