"""`pytg state`: what is in the units' states, and where it belongs."""

from __future__ import annotations

import click

from pytg.cli._state_backup import backup_command
from pytg.cli._state_list import list_command
from pytg.cli._state_mv import mv_command
from pytg.cli._state_restore import restore_command
from pytg.cli._state_show import show_command
from pytg.cli._terraform_options import Answering

TERRAFORM_S = frozenset({"identities", "pull", "push", "replace-provider", "rm"})


class _Commands(Answering, click.Group):
    """The commands below `pytg state`; of Terraform's others it says how they are reached."""

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """As click does. Raises click.UsageError."""
        if args[0] in TERRAFORM_S:
            ctx.fail(f"that is Terraform's, for one unit: `pytg tf ADDRESS -- state {args[0]}`")
        return super().resolve_command(ctx, args)


@click.group("state", cls=_Commands)
def command() -> None:
    """List, show, back up, restore and move what is in the units' states.

    What a run that died left of those states is recovered first.
    """


for each in (backup_command, list_command, mv_command, restore_command, show_command):
    command.add_command(each)
