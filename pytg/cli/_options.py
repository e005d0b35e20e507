"""Options that several commands share, each defined once."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

import click

from pytg.graph.selection import Selectors

F = TypeVar("F", bound=Callable[..., Any])

_SELECTING = (
    ("account", "ACCOUNT", "Only this account."),
    ("region", "REGION", "Only this region."),
    ("env", "ENV", "Only this environment: its name, or its full name with suffix."),
    ("module", "MODULE", "Only this module."),
    ("select", "EXPR", "Units by expression, such as '+module:replication'."),
    ("exclude", "EXPR", "Take these units away at the end."),
)


def selecting(command: F) -> F:
    """Add the selecting options; the command receives `selectors: Selectors`."""

    def collect(*args: Any, **kwargs: Any) -> Any:
        values = {name: tuple(kwargs.pop(name)) for name, _, _ in _SELECTING}
        return command(*args, selectors=Selectors(suffix=kwargs.pop("suffix"), **values), **kwargs)

    collect.__name__, collect.__doc__ = command.__name__, command.__doc__
    collect.__dict__.update(command.__dict__)
    decorated: Any = click.option(
        "--suffix",
        metavar="SUFFIX",
        envvar="PYTG_SUFFIX",
        help="Work on the environment with this suffix instead.",
    )(collect)
    for name, metavar, text in reversed(_SELECTING):
        decorated = click.option(
            f"--{name}", metavar=metavar, multiple=True, envvar=f"PYTG_{name.upper()}", help=text
        )(decorated)
    result: F = decorated
    return result
