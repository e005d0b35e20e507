"""Options that several commands share, each defined once."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

import click

from pytg.errors import UsageError

F = TypeVar("F", bound=Callable[..., Any])

_SUFFIX = "Work on the environment with this suffix instead."
_SELECTING = (
    ("account", "ACCOUNT", "Only this account."),
    ("region", "REGION", "Only this region."),
    ("env", "ENV", "Only this environment: its name, or its full name with suffix."),
    ("module", "MODULE", "Only this module."),
    ("select", "EXPR", "Units by expression, such as '+module:replication'."),
    ("exclude", "EXPR", "Take these units away at the end."),
)


def option(*names: str, **settings: Any) -> Callable[[F], F]:
    """Make an option of click's that can also come from the environment variable `PYTG_<NAME>`.

    Pass `envvar` where another command's option of this name takes other values.
    """
    long = next(name for name in names if name.startswith("--"))
    flag = long.partition("/")[0].removeprefix("--")
    settings.setdefault("envvar", f"PYTG_{flag.replace('-', '_').upper()}")
    return click.option(*names, **settings)


def not_empty(_context: click.Context, parameter: click.Parameter, value: Any) -> Any:
    """`value` as it is. Raises UsageError for an empty text: a variable that is not set.

    Taken as nothing, a digest would not be looked at, and a plan not kept.
    """
    if value == "":
        name = (
            parameter.opts[0]
            if isinstance(parameter, click.Option)
            else parameter.human_readable_name
        )
        raise UsageError(
            f"{name} is empty", hint="it names something, or is left out: is a variable not set?"
        )
    return value


def suffix_option(text: str = _SUFFIX) -> Callable[[F], F]:
    """The option `--suffix` of a command that takes no other selecting option."""
    return option("--suffix", metavar="SUFFIX", help=text)


def selecting(command: F) -> F:
    """Add the selecting options; the command receives `selectors: Selectors`."""

    def collect(*args: Any, **kwargs: Any) -> Any:
        from pytg.graph.selection import Selectors  # noqa: PLC0415 - `pytg --help` need not load it

        values = {name: tuple(kwargs.pop(name)) for name, _, _ in _SELECTING}
        return command(*args, selectors=Selectors(suffix=kwargs.pop("suffix"), **values), **kwargs)

    collect.__name__, collect.__doc__ = command.__name__, command.__doc__
    collect.__dict__.update(command.__dict__)
    decorated: Any = suffix_option()(collect)
    for name, metavar, text in reversed(_SELECTING):
        decorated = option(f"--{name}", metavar=metavar, multiple=True, help=text)(decorated)
    result: F = decorated
    return result
