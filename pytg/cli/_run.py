"""plan, apply and destroy, and their `-all` forms: one set of options, one way through."""

from __future__ import annotations

import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import click

from pytg.cli._context import Context
from pytg.cli._options import option, selecting
from pytg.errors import UsageError
from pytg.graph.selection import Selectors

_PATH = click.Path(path_type=Path)


@dataclass(frozen=True, slots=True)
class Request:
    """What a person asked for. `args` is what stood after `pytg` on the command line."""

    command: str
    selectors: Selectors
    args: tuple[str, ...]
    destroy: bool = False
    per_unit: bool = False
    fail_fast: bool = False
    parallelism: int | None = None
    lock_timeout: float = 30.0
    allow_loss: tuple[str, ...] = ()
    allow_overwrite: tuple[str, ...] = ()
    out: Path | None = None
    verbose: bool = False
    assume_yes: bool = False
    as_json: bool = False
    detailed_exitcode: bool = False

    @property
    def applies(self) -> bool:
        """Whether the command changes anything."""
        return not self.command.startswith("plan")

    def require_place(self) -> None:
        """Make the directory for plan documents. Raises UsageError where that cannot be."""
        if self.out is None:
            return
        try:
            self.out.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise UsageError(
                f"cannot write into {self.out}: {error.strerror}", hint="--out needs a directory"
            ) from error

    def require_selection(self) -> None:
        """Raises UsageError where nothing was selected; `-all` forms start from everything."""
        if not self.command.endswith("-all") and not self.selectors.given:
            raise UsageError(
                f"pytg {self.command} needs at least one selecting option, such as --env",
                hint=f"pytg {self.command}-all works on the whole estate",
            )


def run_command(name: str, text: str) -> click.Command:
    """The click command `name`; `-all` forms start from the whole estate."""
    kind = name.partition("-")[0]

    def body(context: Context, selectors: Selectors, **given: Any) -> int:
        from pytg.cli._execute import execute  # noqa: PLC0415 - `pytg --help` need not load it

        destroy = given.pop("destroy", False) or kind == "destroy"
        args = tuple(sys.argv[1:])
        return execute(context, Request(name, selectors, args, destroy=destroy, **given))

    decorated: Callable[..., Any] = click.pass_obj(selecting(body))
    for add in reversed((*_common(), *(_PLAN if kind == "plan" else _APPLY))):
        decorated = add(decorated)
    return click.command(name, help=text)(decorated)


def _common() -> tuple[Callable[..., Any], ...]:
    return (
        option(
            "--parallelism",
            type=click.IntRange(1),
            metavar="N",
            help="Operations at a time in one Terraform; with --per-unit, units at a time.",
        ),
        option("--per-unit", is_flag=True, help="One Terraform process a unit, in order."),
        option("--fail-fast", is_flag=True, help="Stop the rest when one unit has failed."),
        option("--verbose", "-v", is_flag=True, help="Show plans in full."),
        option("--json", "as_json", is_flag=True, help="One JSON object on standard output."),
        option(
            "--lock-timeout",
            type=click.FloatRange(0),
            default=30.0,
            show_default=True,
            metavar="SECONDS",
            help="How long to wait for a state's lock.",
        ),
    )


_PLAN = (
    option("--destroy", is_flag=True, help="Plan a destroy."),
    option("--out", type=_PATH, metavar="DIR", help="Write the plan there, a file a unit."),
    option(
        "--detailed-exitcode", is_flag=True, help="Exit 2 when the plan has changes, 0 when not."
    ),
    option("--yes", "-y", "assume_yes", is_flag=True, hidden=True, help="Nothing is asked."),
)
_APPLY = (
    option("--yes", "-y", "assume_yes", is_flag=True, help="Do not ask."),
    option(
        "--allow-loss",
        multiple=True,
        metavar="NAME",
        help="Let this stateful resource of a protected environment go: UNIT:RESOURCE.",
    ),
    option(
        "--allow-overwrite",
        multiple=True,
        metavar="NAME",
        help="Let this resource overwrite what its bucket has: UNIT:RESOURCE.",
    ),
)
