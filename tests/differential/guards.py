"""Guards taken out of pytg on purpose: the harness must notice each.

`python -m differential.guards` (`make differential-guards`) tries all; the tests try some.
"""

from __future__ import annotations

import json
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Any
from unittest.mock import patch

from differential.estates import Estate
from differential.plain_ways import UnitRoots
from differential.play import COMPOSED, Scenario, Ways, play
from differential.pytg_ways import Pieces, Pytg
from differential.sample import published, refused, sample, spread
from pytg import exact_json
from pytg.compose import state_merge
from pytg.compose.changes import Calls
from pytg.compose.shape import Shape
from pytg.generate import composed, hcl
from pytg.generate.line import Line
from pytg.generate.providers import PEER, passed
from pytg.run import blame, pipeline, state_mirror
from pytg.run.stage_inputs import StageInputs

Guard = Callable[[], AbstractContextManager[Any]]
Shown = tuple[str, ...] | tuple[Estate, ...]
PIECES: Ways = {"pieces": Pieces, "roots": UnitRoots}
ROOTS: Ways = {"composed": Pytg, "roots": UnitRoots}


@contextmanager
def _split(change: Callable[[dict[str, Any]], dict[str, Any]]) -> Iterator[None]:
    """Each unit's part of a split state goes through `change`."""
    split = state_merge.split_state

    def wrong(*arguments: Any) -> dict[str, Any]:
        return {slug: change(part) for slug, part in split(*arguments).items()}

    with patch.object(state_mirror, "split_state", wrong):
        yield


def _resources(change: Callable[[dict[str, Any]], dict[str, Any]]) -> Guard:
    return lambda: _split(lambda p: {**p, "resources": [change(r) for r in p["resources"]]})


def _outputs(change: Callable[[dict[str, Any]], dict[str, Any]]) -> Guard:
    return lambda: _split(lambda p: {**p, "outputs": change(p["outputs"])})


def _instances(change: Callable[[dict[str, Any]], dict[str, Any]]) -> Guard:
    return _resources(lambda r: {**r, "instances": [change(i) for i in r["instances"]]})


def _rotated(outputs: dict[str, Any]) -> dict[str, Any]:
    """Each output has another's value."""
    names = list(outputs)
    return dict(zip(names, [outputs[n] for n in names[1:] + names[:1]], strict=True))


def _told_elsewhere(self: Calls, address: str) -> Any:
    """Every change is said to be of the first unit."""
    call, _, rest = address.removeprefix("module.").partition(".")
    return (next(iter(self.units.values())), rest) if call in self.units else None


def _first_of_all(_line: Line, calls: Calls, _units: Any) -> list[Any]:
    """Whatever a generated file says is blamed on the first unit."""
    return [next(iter(calls.units.values()))]


def _replaced(where: Any, name: str, made: Any) -> Guard:
    return lambda: patch.object(where, name, made)


def _peers(estate: Any, unit: Any, own: Mapping[str | None, str | None]) -> Any:
    """Each unit gets the provider of the other region."""
    swapped = {None: own[PEER] or own[None], PEER: own[None]}
    return passed(estate, unit, swapped)


# With modules that use AWS: see test_fixtures.py.
WRONG_REGION = _replaced(composed, "passed", _peers)

# By name: how the guard is taken out; the kinds of part, or the estates, that show it; the ways.
GUARDS: dict[str, tuple[Guard, Shown, Ways]] = {
    "a split state keeps the composed addresses": (
        _resources(lambda r: {**r, "module": f"module.composed.{r['module']}"}),
        ("stored",),
        COMPOSED,
    ),
    "numbers pass through a float": (
        lambda: patch.object(exact_json, "loads", json.loads),
        ("number",),
        COMPOSED,
    ),
    "outputs lose that they are sensitive": (
        _outputs(lambda o: {n: {k: v[k] for k in ("value", "type")} for n, v in o.items()}),
        ("secret",),
        COMPOSED,
    ),
    "attributes lose that they are sensitive": (
        _instances(lambda i: {**i, "sensitive_attributes": []}),
        ("secret",),
        COMPOSED,
    ),
    "dependencies inside a unit are dropped": (
        _instances(lambda i: {k: v for k, v in i.items() if k != "dependencies"}),
        ("linked",),
        COMPOSED,
    ),
    "an output has another's value": (_outputs(_rotated), ("identified", "stored"), COMPOSED),
    "an instance loses its key": (
        _instances(lambda i: {k: v for k, v in i.items() if k != "index_key"}),
        ("counted",),
        COMPOSED,
    ),
    "results of checks are dropped": (
        lambda: _split(lambda p: {**p, "check_results": None}),
        ("checked",),
        COMPOSED,
    ),
    "a template in a text is not escaped": (
        lambda: patch.object(hcl, "_escaped", lambda t: json.dumps(t, ensure_ascii=False)[1:-1]),
        ("text",),
        COMPOSED,
    ),
    "a change is told of another unit": (
        lambda: patch.object(Calls, "unit_of", _told_elsewhere),
        ("stored",),
        COMPOSED,
    ),
    "order without a value is dropped": (
        _replaced(composed, "_waits", lambda *_, **__: []),
        ("provisioned",),
        COMPOSED,
    ),
    "a counted call has no instance": (
        _replaced(Shape, "call", property(lambda self: self.slug)),
        ("stored",),
        COMPOSED,
    ),
    "data is not read anew": (
        _replaced(pipeline, "read_anew", lambda *_: []),
        published(),
        ROOTS,
    ),
    "lifecycles spread to the states": (
        _replaced(state_merge, "own_lifecycles", lambda _shape, state: dict(state)),
        spread(),
        ROOTS,
    ),
    "a literal is a float": (
        _replaced(hcl, "_scalar", lambda value: json.dumps(value, default=float)),
        ("number",),
        COMPOSED,
    ),
    "a line of a generated file is blamed on another unit": (
        _replaced(blame, "owners", _first_of_all),
        refused(),
        ROOTS,
    ),
    "values from outside lose their types": (
        lambda: patch.object(StageInputs, "types", {}),
        ("set", "map"),
        PIECES,
    ),
}


def scenario(shown: Shown) -> Scenario:
    """The estates, or the one that has those kinds of part, with an edit."""
    kinds = tuple(kind for kind in shown if isinstance(kind, str))
    estates = tuple(estate for estate in shown if isinstance(estate, Estate))
    return Scenario(estates or sample(kinds))


def noticed(name: str, root: Path) -> str:
    """What the harness says with that guard out; empty where it notices nothing."""
    guard, shown, ways = GUARDS[name]
    try:
        with guard():
            play(scenario(shown), root, ways=ways)
    except Exception as error:  # noqa: BLE001 - whatever it is, it was noticed
        return f"{type(error).__name__}: {error}"
    return ""


def main() -> int:
    """Try every guard; 1 where one is not noticed."""
    missed = []
    for name in GUARDS:
        with tempfile.TemporaryDirectory() as root:
            found = noticed(name, Path(root))
        sys.stdout.write(f"{'noticed' if found else 'MISSED '}  {name}\n    {found[:300]}\n")
        sys.stdout.flush()
        missed += [] if found else [name]
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
