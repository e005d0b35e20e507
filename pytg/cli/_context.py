"""What every command starts from: the project's directory and, on demand, the project."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:  # `pytg --help` need not load it
    from pytg.project import Project


@dataclass(frozen=True)
class Context:
    """`directory` is what `-C` said."""

    directory: str

    def project(self, suffix: str | None = None) -> Project:
        """The project at or above the directory. Raises UsageError where there is none."""
        from pytg.project import Project  # noqa: PLC0415 - `pytg --help` need not load it

        return Project.find(self.directory, suffix=suffix)

    def project_to_show(self, suffix: str | None = None) -> Project:
        """The same, after a warning of each module that cannot be read."""
        project = self.project(suffix)
        modules = {unit.module.name: unit.module for unit in project.estate.units.values()}
        for name in sorted(modules):
            for problem in modules[name].broken:
                click.echo(f"warning: {problem}", err=True)
        return project
