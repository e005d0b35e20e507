"""What a Terraform hand types by habit, answered with what pytg has for it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import click

_ALONE = "for one unit: `pytg tf ADDRESS -- plan {}`"
# by the option's name in Terraform
INSTEAD: Mapping[str, str] = {
    "auto-approve": "`--yes` answers for you",
    "backend-config": "`backend` in config.yaml says where states lie",
    "chdir": "`pytg -C DIR` names the project's directory",
    "compact-warnings": "pytg shows each warning once, by unit",
    "destroy": "`pytg plan --destroy` plans a destroy, `pytg destroy` does it",
    "detailed-exitcode": "`--detailed-exitcode`, with two dashes",
    "input": "pytg asks for no input: values stand in config.yaml and live/",
    "json": "`--json`, with two dashes",
    "lock": "pytg always locks the states that it writes; `--lock-timeout SECONDS` waits",
    "lock-timeout": "`--lock-timeout SECONDS`, a number without a unit",
    "no-color": "the environment variable `NO_COLOR=1`",
    "out": "`pytg plan --out DIR` keeps the plan, and `pytg apply DIR` applies it; `pytg apply` "
    "with a selection plans, shows, asks and applies exactly that plan",
    "parallelism": "`--parallelism N`",
    "refresh": f"pytg always refreshes; {_ALONE.format('-refresh=false')}",
    "refresh-only": "`pytg drift` shows what changed outside of Terraform; "
    + _ALONE.format("-refresh-only"),
    "replace": _ALONE.format("-replace=RESOURCE").replace("plan", "apply"),
    "state": "`backend` in config.yaml says where states lie",
    "target": "`--select EXPR`, `--module NAME` and the like take units; a single resource "
    + _ALONE.format("-target=RESOURCE"),
    "upgrade": "pytg runs init by itself; `terraform.providers` in config.yaml names versions",
    "var": "`inputs` in config.yaml and live/ give values; `pytg explain ADDRESS` shows them",
    "var-file": "`inputs` in config.yaml and live/ give values; `pytg explain ADDRESS` shows them",
}


def instead_of(arguments: Iterable[str]) -> str:
    """What to say of the first option of Terraform's among `arguments`; empty without one."""
    for argument in arguments:
        name = argument.partition("=")[0]
        if argument.startswith("-") and name.lstrip("-") in INSTEAD:
            return f"`{name}` is Terraform's. In pytg: {INSTEAD[name.lstrip('-')]}"
    return ""


class Answering(click.Command):
    """A command whose usage errors say what pytg has for an option of Terraform's."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """As click does. Raises click.UsageError."""
        given = list(args)
        try:
            return super().parse_args(ctx, args)
        except click.UsageError as error:
            answer = instead_of(given)
            if not answer:
                raise
            raise click.UsageError(answer, ctx) from error
