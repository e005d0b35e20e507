"""plan, apply and destroy, and their `-all` forms: one set of options, one way through."""

from __future__ import annotations

import dataclasses
import sys
import typing
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import click

from pytg.cli._context import Context
from pytg.cli._document import before_the_record
from pytg.cli._execute import execute
from pytg.cli._options import not_empty, option, selecting
from pytg.cli._reviewed import BundleOptions, applying
from pytg.cli._terraform_options import Answering
from pytg.cli._view_options import ViewOptions
from pytg.graph.selection import Selectors
from pytg.run.options import Flag, Options, Request

Decorator = Callable[[Any], Any]


def run_command(name: str, text: str, *, of_bundle: bool = False) -> click.Command:
    """The click command `name`; `-all` forms start from the whole estate.

    `of_bundle`: it takes a bundle in place of a selection.
    """
    kind = name.partition("-")[0]

    def body(
        context: Context, selectors: Selectors, bundle: str | None = None, **given: Any
    ) -> int:
        typed = {key: _typed(value) for key, value in given.items()}

        def taken(kept: type) -> dict[str, Any]:
            return {found.name: typed.pop(found.name) for found in _fields(kept, kind)}

        view = ViewOptions(**taken(ViewOptions))
        asked = BundleOptions(**taken(BundleOptions)) if of_bundle else BundleOptions()
        request = Request(name, selectors, Options(**typed), tuple(sys.argv[1:]))
        with before_the_record(as_json=view.json):
            request = applying(context, request, bundle, asked)
        return execute(context, request, view)

    decorated: Any = click.pass_obj(selecting(body))
    if of_bundle:
        decorated = click.argument("bundle", required=False, callback=not_empty)(decorated)
    for kept in (ViewOptions, Options, *((BundleOptions,) if of_bundle else ())):
        for found in reversed(list(_options(kept, kind))):
            decorated = found(decorated)
    return click.command(name, cls=Answering, help=text)(decorated)


def _fields(kept: type, kind: str) -> Iterator[dataclasses.Field[Any]]:
    """The fields of `kept` that the command has an option for."""
    for found in dataclasses.fields(kept):
        if kind in found.metadata["flag"].commands:
            yield found


def _options(kept: type, kind: str) -> Iterator[Decorator]:
    """Click's options for the fields of `kept`, as their flags say."""
    types = typing.get_type_hints(kept)
    for found in _fields(kept, kind):
        flag: Flag = found.metadata["flag"]
        names = flag.names or (f"--{found.name.replace('_', '-')}",)
        yield option(
            *names,
            found.name,
            help=flag.help,
            hidden=kind in flag.hidden_in,
            metavar=flag.metavar,
            **_settings(types[found.name], found.default, flag),
        )


def _settings(kind: Any, default: Any, flag: Flag) -> dict[str, Any]:
    """How click reads a value of the type `kind`."""
    if kind is bool:
        return {"is_flag": True}
    if kind == frozenset[str]:
        return {"multiple": True}
    if kind == frozenset[Path]:
        return {"multiple": True, "type": click.Path(path_type=Path)}
    if kind == str | None:
        return {"callback": not_empty}
    shown = {} if default is None else {"default": default, "show_default": True}
    least = flag.minimum
    if kind in {float, float | None}:
        return {"type": click.FloatRange(least), **shown}
    return {"type": click.IntRange(None if least is None else int(least)), **shown}


def _typed(value: Any) -> Any:
    return frozenset(value) if isinstance(value, tuple) else value
