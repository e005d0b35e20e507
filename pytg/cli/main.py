"""The `pytg` command: a group that imports a command's module only when it is called."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Mapping

import click

from pytg import __version__
from pytg.cli._boundary import boundary
from pytg.cli._context import Context
from pytg.cli._options import option
from pytg.cli._plugins import command_of, plugin_commands
from pytg.cli._terraform_options import Answering
from pytg.suggest import near

# with the help of each, so that `pytg --help` imports none of them
COMMANDS: Mapping[str, str] = {
    "apply": "Plan, show, ask, and apply exactly that plan.",
    "apply-all": "apply, for the whole estate.",
    "destroy": "Plan the destruction, show it, ask, and destroy.",
    "destroy-all": "destroy, for the whole estate.",
    "diff": "Show where the resolved configuration of A and B differs.",
    "doctor": "Say what is missing on this machine, and how to get it.",
    "drift": "Show what changed outside of Terraform, by default in all units; exit 2 if anything.",
    "explain": "Show the values of the unit at ADDRESS, their places, and what they overrode.",
    "generate": "Write the root modules of units, by default of all, and print their directories.",
    "graph": "Draw the selected units, in the order that the whole graph gives them.",
    "locks": "List the locks on the states of the selected units.",
    "ls": "List the selected units in the order in which a run takes them.",
    "output": "Print the outputs of the unit at ADDRESS, or the value of the output NAME.",
    "plan": "Show what would change, in one true plan of the selected units.",
    "plan-all": "plan, for the whole estate.",
    "recover": "Take up what runs that died left, as the next run would do, and plan nothing.",
    "retry": "Do again what the run RUN left undone: failed, skipped, cancelled or unknown units.",
    "runs": "List the runs of this project on this machine, the newest first.",
    "schema": "Print the JSON Schema of a configuration file.",
    "state": "List, show, back up, restore and move what is in the units' states.",
    "take-over": "Recover what applies on HOST, a machine that is gone, left unfinished here.",
    "tf": "Run a Terraform command in the root module of the unit at ADDRESS.",
    "unlock": "Remove the lock LOCK_ID from the unit at ADDRESS, or those of a selection.",
    "validate": "Check configuration, modules, inputs and `checks`: every problem at once.",
}


class Commands(Answering, click.Group):
    """`pytg NAME` is `command` in `pytg.cli.NAME`, or a plugin's, imported on first use."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 - click's signature
        return sorted({*COMMANDS, *plugin_commands()})

    def get_command(
        self,
        ctx: click.Context,  # noqa: ARG002 - click's signature
        cmd_name: str,
    ) -> click.Command | None:
        if cmd_name in COMMANDS:
            module = importlib.import_module(f"pytg.cli.{cmd_name.replace('-', '_')}")
            command: click.Command = module.command
            return command
        plugin = plugin_commands().get(cmd_name)
        return command_of(plugin) if plugin else None

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """As click does, with names of plugins among those that are suggested."""
        name = args[0]
        known = () if name in COMMANDS else self.list_commands(ctx)
        close = near(name, known)
        if close and name not in known and not ctx.resilient_parsing:
            ctx.fail(f"No such command '{name}'. Did you mean '{close[0]}'?")
        return super().resolve_command(ctx, args)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """As click does, from the table above: nothing of pytg's is imported for it."""
        plugins = plugin_commands()
        rows = [
            (name, COMMANDS[name] if name in COMMANDS else plugins[name].summary)
            for name in self.list_commands(ctx)
        ]
        with formatter.section("Commands"):
            formatter.write_dl(rows)


@click.command(cls=Commands)
@click.version_option(__version__, prog_name="pytg")
@option(
    "-C",
    "--directory",
    metavar="DIR",
    default=".",
    help="The project: the directory that holds config.yaml, or one below it.",
)
@click.pass_context
def group(ctx: click.Context, directory: str) -> None:
    """Plan and apply many Terraform units as one."""
    ctx.obj = Context(directory)


def main() -> None:
    """Run `pytg` and exit with its code."""
    sys.exit(boundary(group))


if __name__ == "__main__":
    main()
