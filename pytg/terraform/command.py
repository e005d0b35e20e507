"""A Terraform command and its argument list, which python-terraform builds."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import python_terraform

FLAG = python_terraform.IsFlagged  # for `-no-color`, which Terraform does not take with a value


@dataclass(frozen=True)
class Command:
    """A command such as `plan` or `state pull`, its options, and its arguments.

    An option's name has `_` for `-`. Its value is a text, a number, a bool (`-lock=false`), a
    list (the option once for each item), or None (left out). `backend_config` may be a map.
    """

    name: str
    options: Mapping[str, object] = field(default_factory=dict)
    args: tuple[str, ...] = ()


def arguments(binary: Path, command: Command) -> list[str]:
    """The argument list of `command`, with `binary` first.

    Raises ValueError for a map: python-terraform would write it to a file of variables, and
    pytg passes no variables.
    """
    for name, value in command.options.items():
        if isinstance(value, Mapping) and name != "backend_config":
            raise ValueError(f"option {name} of terraform {command.name} is a map")
    options = {
        name: list(value) if isinstance(value, tuple) else value
        for name, value in command.options.items()
    }
    builder = python_terraform.Terraform(
        terraform_bin_path=str(binary),
        # it reads the state of a working directory when it is made; there is none to read here
        state=os.path.join(os.devnull, "none"),  # noqa: PTH118 - a name, not a path
    )
    built = builder.generate_cmd_string(command.name, *command.args, **options)
    return [str(argument) for argument in built]
