"""What is asked of a run: each option stands here once, with how the command line asks for it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields, replace
from typing import Any

from pytg.bundle.archive import Bundle
from pytg.errors import Refused, UsageError
from pytg.graph.selection import Selectors
from pytg.record.run import OptionValue
from pytg.record.runs import CHANGING

EVERY = ("plan", "apply", "destroy", "drift")
PLANNING = ("plan", *CHANGING)


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
    yes: bool = asked(
        "Do not ask.", "--yes", "-y", commands=PLANNING, hidden_in=("plan",), default=False
    )
    allow_dirty: bool = asked(
        "Change a protected environment from a git tree that is not clean, or behind.",
        commands=CHANGING,
        default=False,
    )
    allow_loss: frozenset[str] = asked(
        "Let this stateful resource of a protected environment go: UNIT:RESOURCE.",
        metavar="NAME",
        commands=CHANGING,
        default=frozenset(),
    )
    allow_overwrite: frozenset[str] = asked(
        "Let this resource overwrite what its bucket has: UNIT:RESOURCE.",
        metavar="NAME",
        commands=("apply",),
        default=frozenset(),
    )

    @property
    def given(self) -> dict[str, OptionValue]:
        """The options that are not as by default, as a record holds them."""
        found = {f.name: (getattr(self, f.name), f.default) for f in fields(self)}
        return {
            name: tuple(sorted(value)) if isinstance(value, frozenset) else value
            for name, (value, default) in found.items()
            if value != default
        }

    @classmethod
    def of(cls, given: Mapping[str, OptionValue]) -> Options:
        """The inverse of `given`. Raises Refused for an option that this pytg does not have."""
        if unknown := given.keys() - {f.name for f in fields(cls)}:
            raise Refused(
                f"an option that this pytg does not have: {', '.join(sorted(unknown))}",
                hint="use the version of pytg that wrote the record",
            )
        found: dict[str, Any] = {
            name: frozenset(value) if isinstance(value, tuple) else value
            for name, value in given.items()
        }
        return cls(**found)


@dataclass(frozen=True, slots=True)
class Request:
    """What a run is to do: `command` on the units that `selectors` name.

    `command` is `plan`, `apply`, `destroy` or `drift`, each also with `-all`; `destroy` sets the
    option of that name. `args` is what stood after `pytg` on the command line, for the record,
    and `parent` the id of the run that this one repeats. `bundle` is the reviewed plan that is
    applied in place of one of its own. Raises UsageError for another command, and for an apply
    with the option `destroy`.
    """

    command: str
    selectors: Selectors = field(default_factory=Selectors)
    options: Options = field(default_factory=Options)
    args: tuple[str, ...] = ()
    parent: str | None = None
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

        Nobody is asked, for the bundle is what was approved: `yes` is not of such a run, nor of
        one that repeats it. Raises Refused where it holds no plan.
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
            replace(options, per_unit=manifest.per_unit, yes=False),
            args,
            bundle=bundle,
        )

    @property
    def applies(self) -> bool:
        """Whether the run changes anything."""
        return self.command.removesuffix("-all") in CHANGING
