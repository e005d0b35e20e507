"""How guards are taken out of pytg: what stands in their place."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from dataclasses import replace
from typing import Any
from unittest.mock import patch

from pytg.compose import state_merge
from pytg.compose.changes import Calls
from pytg.generate import composed, variables
from pytg.generate.composed import ModuleBlock
from pytg.generate.line import Line
from pytg.generate.providers import PEER, passed
from pytg.generate.rendering import render
from pytg.generate.typed_values import constraint, is_odd
from pytg.record.run import BAD, Outcome, Status
from pytg.run import state_mirror
from pytg.run.blame import Blame
from pytg.run.blamed import Blamed
from pytg.run.broken import set_aside_broken
from pytg.run.culprits import led_back

Guard = Callable[[], AbstractContextManager[Any]]


@contextmanager
def in_parts(change: Callable[[dict[str, Any]], dict[str, Any]]) -> Iterator[None]:
    """Each unit's part of a split state goes through `change`."""
    split = state_merge.split_state

    def wrong(*arguments: Any) -> dict[str, Any]:
        return {slug: change(part) for slug, part in split(*arguments).items()}

    with patch.object(state_mirror, "split_state", wrong):
        yield


def in_resources(change: Callable[[dict[str, Any]], dict[str, Any]]) -> Guard:
    return lambda: in_parts(lambda p: {**p, "resources": [change(r) for r in p["resources"]]})


def in_outputs(change: Callable[[dict[str, Any]], dict[str, Any]]) -> Guard:
    return lambda: in_parts(lambda p: {**p, "outputs": change(p["outputs"])})


def in_instances(change: Callable[[dict[str, Any]], dict[str, Any]]) -> Guard:
    return in_resources(lambda r: {**r, "instances": [change(i) for i in r["instances"]]})


def rotated(outputs: dict[str, Any]) -> dict[str, Any]:
    """Each output has another's value."""
    names = list(outputs)
    return dict(zip(names, [outputs[n] for n in names[1:] + names[:1]], strict=True))


def told_elsewhere(self: Calls, address: str) -> Any:
    """Every change is said to be of the first unit."""
    call, _, rest = address.removeprefix("module.").partition(".")
    return (next(iter(self.units.values())), rest) if call in self.units else None


def first_of_all(_line: Line, calls: Calls, _units: Any) -> list[Any]:
    """Whatever a generated file says is blamed on the first unit."""
    return [next(iter(calls.units.values()))]


def replaced(where: Any, name: str, made: Any) -> Guard:
    return lambda: patch.object(where, name, made)


def peers(estate: Any, unit: Any, own: Mapping[str | None, str | None]) -> Any:
    """Each unit gets the provider of the other region."""
    swapped = {None: own[PEER] or own[None], PEER: own[None]}
    return passed(estate, unit, swapped)


def deferred(called: Any, *, after: Any, depends_on: Any, **rest: Any) -> ModuleBlock:
    """What is before a unit keeps its data waiting."""
    return ModuleBlock(called, after=(), depends_on=[*after, *depends_on], **rest)


def without_defaults(template: str, **values: Any) -> str:
    """A unit's own root, for which an output that is null is not there."""
    read = [
        (name, {k: v for k, v in arguments.items() if k != "defaults"}, conditions)
        for name, arguments, conditions in values.get("upstream", ())
    ]
    return render(template, **{**values, **({"upstream": read} if read else {})})


@contextmanager
def unordered() -> Iterator[None]:
    """In a destroy, neither states nor calls of a composed root say what is to go first."""
    waits = getattr(composed, "_waits")  # noqa: B009 - as by its name in `patch`

    def none(*arguments: Any, defers: bool) -> list[Any]:
        return [] if defers else list(waits(*arguments, defers=defers))

    with (
        patch.object(state_merge, "_reachable", lambda *_: set()),
        patch.object(composed, "_waits", none),
    ):
        yield


def untyped() -> AbstractContextManager[Any]:
    """An object with an odd attribute goes through a variable of any type."""
    return patch.multiple(
        variables,
        constraint=lambda kind: "any" if is_odd(kind) else constraint(kind),
        encoded=lambda value, _kind: value,
        is_odd=lambda _kind: False,
    )


def all_aside(execution: Any) -> None:
    """One module that cannot be read ends all units."""
    set_aside_broken(execution)
    units = execution.selection.units
    if any(execution.status(u) in BAD for u in units):
        left = (u for u in units if execution.status(u) not in BAD)
        execution.end(dict.fromkeys(left, Outcome(Status.FAILED, "another cannot be read")))


def led_to_all(execution: Any, stage: Any, error: Any) -> list[Blamed]:
    """What one unit's plan fails on, all fail on."""
    return [replace(one, units=stage.units) for one in led_back(execution, stage, error)]


def unwarned() -> AbstractContextManager[Any]:
    """No warning of Terraform's is led back to a unit."""
    of = Blame.of

    def errors(self: Blame, *arguments: Any) -> list[Blamed]:
        return [one for one in of(self, *arguments) if one.diagnostic.severity == "error"]

    return patch.object(Blame, "of", errors)
