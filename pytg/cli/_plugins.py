"""Commands and checks of other distributions, found by their entry points."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any

import click

from pytg.errors import Refused

if TYPE_CHECKING:
    from importlib.metadata import EntryPoint

COMMANDS = "pytg.commands"
CHECKS = "pytg.checks"


@dataclass(frozen=True, slots=True)
class Plugin:
    """An entry point: `module:object` in another distribution."""

    entry: EntryPoint

    @property
    def distribution(self) -> str:
        """Where it comes from."""
        return self.entry.dist.name if self.entry.dist else "another distribution"

    @property
    def summary(self) -> str:
        """What its distribution says of itself: the command is not imported for that."""
        summary = self.entry.dist.metadata["Summary"] if self.entry.dist else None
        return summary or f"From {self.distribution}."

    def load(self) -> Any:
        """The object. Raises Refused where it cannot be imported, whatever the plugin raises."""
        try:
            return self.entry.load()
        except (Exception, SystemExit) as error:
            raise Refused(
                f"`{self.entry.name}` of {self.distribution} cannot be loaded: {error!r}",
                hint=f"install a version of {self.distribution} that fits this pytg, or remove it",
            ) from error


@cache
def plugin_commands() -> Mapping[str, Plugin]:
    """The commands by name; of two with one name the first found stays."""
    found: dict[str, Plugin] = {}
    for plugin in _plugins(COMMANDS):
        found.setdefault(plugin.entry.name, plugin)
    return found


def checks() -> Iterator[Plugin]:
    """What adds checks to `pytg doctor`."""
    return _plugins(CHECKS)


def _plugins(group: str) -> Iterator[Plugin]:
    from importlib.metadata import entry_points  # noqa: PLC0415 - a third of the start of pytg

    for entry in entry_points(group=group):
        yield Plugin(entry)


def command_of(plugin: Plugin) -> click.Command:
    """The command of a plugin. Raises Refused where it is none."""
    command = plugin.load()
    if not isinstance(command, click.Command):
        raise Refused(f"`{plugin.entry.value}` of {plugin.distribution} is no click command")
    return command
