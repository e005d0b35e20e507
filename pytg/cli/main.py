"""The `pytg` command: a group that imports a command's module only when it is called."""

from __future__ import annotations

import difflib
import importlib
import sys

import click

from pytg import __version__
from pytg.cli._boundary import boundary
from pytg.cli._context import Context
from pytg.cli._options import option

COMMANDS = (
    "apply",
    "apply-all",
    "destroy",
    "destroy-all",
    "doctor",
    "explain",
    "generate",
    "graph",
    "locks",
    "ls",
    "output",
    "plan",
    "plan-all",
    "sandbox",
    "schema",
    "tf",
    "unlock",
    "validate",
)


class Commands(click.Group):
    """`pytg NAME` is `command` in `pytg.cli.NAME`, imported on first use."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 - click's signature
        return list(COMMANDS)

    def get_command(
        self,
        ctx: click.Context,  # noqa: ARG002 - click's signature
        cmd_name: str,
    ) -> click.Command | None:
        if cmd_name not in COMMANDS:
            return None
        module = importlib.import_module(f"pytg.cli.{cmd_name.replace('-', '_')}")
        command: click.Command = module.command
        return command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """As click does; it knows no names to suggest before a command is loaded."""
        name = args[0]
        near = difflib.get_close_matches(name, COMMANDS, n=1)
        if near and name not in COMMANDS and not ctx.resilient_parsing:
            ctx.fail(f"No such command '{name}'. Did you mean '{near[0]}'?")
        return super().resolve_command(ctx, args)


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
