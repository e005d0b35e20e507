"""`pytg state`: what is in the units' states, and where it belongs."""

from __future__ import annotations

import click

from pytg.cli._state_backup import backup_command
from pytg.cli._state_list import list_command
from pytg.cli._state_mv import mv_command
from pytg.cli._state_restore import restore_command
from pytg.cli._state_show import show_command
from pytg.cli._terraform_options import Answering


class _Commands(Answering, click.Group):
    """The commands below `pytg state`."""


@click.group("state", cls=_Commands)
def command() -> None:
    """List, show, back up, restore and move what is in the units' states.

    What a run that died left of those states is recovered first.
    """


for each in (backup_command, list_command, mv_command, restore_command, show_command):
    command.add_command(each)
