"""Guards taken out of pytg on purpose: the harness must notice each.

`python -m differential.guards` (`make differential-guards`) tries all; the tests try some.
"""

from __future__ import annotations

import json
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Any
from unittest.mock import patch

from differential.play import COMPOSED, Scenario, Ways, play
from differential.pytg_ways import Pieces
from differential.sample import sample
from differential.ways import UnitRoots
from pytg import exact_json
from pytg.compose import state_merge
from pytg.compose.changes import Calls
from pytg.generate import composed, hcl
from pytg.run import composed_plan, state_mirror
from pytg.run.stage_inputs import StageInputs

Guard = Callable[[], AbstractContextManager[Any]]
PIECES: Ways = {"pieces": Pieces, "roots": UnitRoots}


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


def _without_order(*arguments: Any, **options: Any) -> Any:
    made = _RENDER(*arguments, **options)
    lines = made.files["main.tf"].splitlines(keepends=True)
    text = "".join(line for line in lines if "depends_on" not in line)
    return composed.ComposedRoot({**made.files, "main.tf": text}, made.secrets)


_RENDER = composed.render_composed

# By name: how the guard is taken out, the kinds of part that show it, the ways held together.
GUARDS: dict[str, tuple[Guard, tuple[str, ...], Ways]] = {
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
        lambda: patch.object(composed_plan, "render_composed", _without_order),
        ("provisioned",),
        COMPOSED,
    ),
    "values from outside lose their types": (
        lambda: patch.object(StageInputs, "types", {}),
        ("set", "map"),
        PIECES,
    ),
}


def noticed(name: str, root: Path) -> str:
    """What the harness says with that guard out; empty where it notices nothing."""
    guard, kinds, ways = GUARDS[name]
    try:
        with guard():
            play(Scenario(sample(kinds)), root, ways=ways)
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
