"""What is asked of a run: each option stands here once, with how the command line asks for it."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any

from pytg.bundle.archive import Bundle
from pytg.errors import Refused, UsageError
from pytg.graph.selection import Selectors

EVERY = ("plan", "apply", "destroy")
CHANGING = ("apply", "destroy")


@dataclass(frozen=True, slots=True)
class Flag:
    """How the command line asks for a field: `--field-name`, unless `names` says otherwise.

    `commands` are those that have it, `minimum` is the least number that is taken.
    """

    help: str
    names: tuple[str, ...] = ()
    commands: tuple[str, ...] = EVERY
    metavar: str | None = None
    minimum: float | None = None
    hidden_in: tuple[str, ...] = ()


def asked(text: str, *names: str, default: Any, **more: Any) -> Any:
    """A field of a dataclass of options, with its `Flag`."""
    return field(default=default, metadata={"flag": Flag(text, names, **more)})


@dataclass(frozen=True, slots=True)
class Options:
    """How a run works. A new option needs its field here, and whatever reads it.

    `parallelism`: Terraform's own in a composed run, units at a time in a per-unit one; None
    takes the default of each. `allow_loss` and `allow_overwrite` name resources as
    `<unit address>:<resource address>`; see guards and overwrite_guard.
    """

    parallelism: int | None = asked(
        "Operations at a time in one Terraform; with --per-unit, units at a time.",
        metavar="N",
        minimum=1,
        default=None,
    )
    per_unit: bool = asked("One Terraform process a unit, in order.", default=False)
    fail_fast: bool = asked("Stop the rest when one unit has failed.", default=False)
    lock_timeout: float = asked(
        "How long to wait for a lock, of a state or of a directory here.",
        metavar="SECONDS",
        minimum=0,
        default=30.0,
    )
    destroy: bool = asked("Plan a destroy.", commands=("plan",), default=False)
    detailed_exitcode: bool = asked(
        "Exit 2 when the plan has changes, 0 when not.", commands=("plan",), default=False
    )
    out: str | None = asked(
        "Write the plan there, to apply it later: a bundle, and a file a unit to read.",
        metavar="DIR",
        commands=("plan",),
        default=None,
    )
    recipient: frozenset[str] = asked(
        "With --out: encrypt the bundle with age to this public key.",
        metavar="KEY",
        commands=("plan",),
        default=frozenset(),
    )
    yes: bool = asked("Do not ask.", "--yes", "-y", hidden_in=("plan",), default=False)
    allow_loss: frozenset[str] = asked(
        "Let this stateful resource of a protected environment go: UNIT:RESOURCE.",
        metavar="NAME",
        commands=CHANGING,
        default=frozenset(),
    )
    allow_overwrite: frozenset[str] = asked(
        "Let this resource overwrite what its bucket has: UNIT:RESOURCE.",
        metavar="NAME",
        commands=CHANGING,
        default=frozenset(),
    )


@dataclass(frozen=True, slots=True)
class Request:
    """What a run is to do: `command` on the units that `selectors` name.

    `command` is `plan`, `apply` or `destroy`, each also with `-all`; the last sets the option of
    that name. `args` is what stood after `pytg` on the command line, for the record. `bundle` is
    the reviewed plan that is applied in place of one of its own. Raises UsageError for another
    command, and for an apply with the option `destroy`.
    """

    command: str
    selectors: Selectors = field(default_factory=Selectors)
    options: Options = field(default_factory=Options)
    args: tuple[str, ...] = ()
    bundle: Bundle | None = None

    def __post_init__(self) -> None:
        kind = self.command.removesuffix("-all")
        if kind not in EVERY:
            raise UsageError(f"`{self.command}` is no command of a run: {', '.join(EVERY)} are")
        if kind == "apply" and self.options.destroy:
            raise UsageError("an apply does not destroy", hint="the command for that is `destroy`")
        if kind == "destroy":
            object.__setattr__(self, "options", replace(self.options, destroy=True))

    @classmethod
    def of_bundle(cls, bundle: Bundle, options: Options, args: tuple[str, ...] = ()) -> Request:
        """To apply `bundle`; how it was planned, whole or unit by unit, is how it is applied.

        Raises Refused where it holds no plan.
        """
        manifest = bundle.manifest
        if not manifest.planned:  # and without a unit, all would be selected
            raise Refused(
                f"the bundle {bundle.place} holds no plan: there was nothing to do",
                hint="`pytg plan` says what is there now",
            )
        units = tuple(str(unit) for unit in manifest.units)
        return cls(
            "destroy" if manifest.destroy else "apply",
            Selectors(select=units, suffix=manifest.suffix),
            replace(options, per_unit=manifest.per_unit, yes=True),
            args,
            bundle,
        )

    @property
    def applies(self) -> bool:
        """Whether the run changes anything."""
        return not self.command.startswith("plan")
