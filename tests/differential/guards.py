"""Guards taken out of pytg on purpose: the harness must notice each.

`python -m differential.guards` (`make differential-guards`) tries all, and each scenario with its
guard in too; the tests try some.
"""

from __future__ import annotations

import json
import sys
import tempfile
from contextlib import nullcontext
from pathlib import Path
from unittest.mock import patch

from differential.estates import Estate
from differential.plain_ways import UnitRoots
from differential.play import COMPOSED, Scenario, Ways, play
from differential.pytg_ways import Pieces, Pytg
from differential.sample import deferring, published, refused, sample, spread, undone, unread
from differential.without import (
    Guard,
    all_aside,
    deferred,
    first_of_all,
    in_instances,
    in_outputs,
    in_parts,
    in_resources,
    led_to_all,
    peers,
    replaced,
    rotated,
    told_elsewhere,
    unordered,
    untyped,
    unwarned,
    without_defaults,
)
from pytg import exact_json
from pytg.compose import state_merge
from pytg.compose.changes import Calls
from pytg.compose.shape import Shape
from pytg.generate import composed, hcl
from pytg.generate import unit as unit_root
from pytg.run import blame, pipeline, planned_stage, rounds
from pytg.run.blame import Blame
from pytg.run.stage_inputs import StageInputs

Shown = tuple[str, ...] | tuple[Estate, ...]
PIECES: Ways = {"pieces": Pieces, "roots": UnitRoots}
ROOTS: Ways = {"composed": Pytg, "roots": UnitRoots}

# With modules that use AWS: see test_fixtures.py.
WRONG_REGION = replaced(composed, "passed", peers)

# By name: how the guard is taken out; the kinds of part, or the estates, that show it; the ways.
GUARDS: dict[str, tuple[Guard, Shown, Ways]] = {
    "a split state keeps the composed addresses": (
        in_resources(lambda r: {**r, "module": f"module.composed.{r['module']}"}),
        ("stored",),
        COMPOSED,
    ),
    "numbers pass through a float": (
        lambda: patch.object(exact_json, "loads", json.loads),
        ("number",),
        COMPOSED,
    ),
    "outputs lose that they are sensitive": (
        in_outputs(lambda o: {n: {k: v[k] for k in ("value", "type")} for n, v in o.items()}),
        ("secret",),
        COMPOSED,
    ),
    "attributes lose that they are sensitive": (
        in_instances(lambda i: {**i, "sensitive_attributes": []}),
        ("secret",),
        COMPOSED,
    ),
    "dependencies inside a unit are dropped": (
        in_instances(lambda i: {k: v for k, v in i.items() if k != "dependencies"}),
        ("linked",),
        COMPOSED,
    ),
    "an output has another's value": (in_outputs(rotated), ("identified", "stored"), COMPOSED),
    "an instance loses its key": (
        in_instances(lambda i: {k: v for k, v in i.items() if k != "index_key"}),
        ("counted",),
        COMPOSED,
    ),
    "results of checks are dropped": (
        lambda: in_parts(lambda p: {**p, "check_results": None}),
        ("checked",),
        COMPOSED,
    ),
    "a template in a text is not escaped": (
        lambda: patch.object(hcl, "_escaped", lambda t: json.dumps(t, ensure_ascii=False)[1:-1]),
        ("text",),
        COMPOSED,
    ),
    "a change is told of another unit": (
        lambda: patch.object(Calls, "unit_of", told_elsewhere),
        ("stored",),
        COMPOSED,
    ),
    "order without a value is dropped": (
        replaced(composed, "_waits", lambda *_, **__: []),
        ("provisioned",),
        COMPOSED,
    ),
    "a counted call has no instance": (
        replaced(Shape, "call", property(lambda self: self.slug)),
        ("stored",),
        COMPOSED,
    ),
    "data is not read anew": (
        replaced(rounds, "read_anew", lambda *_: []),
        published(),
        ROOTS,
    ),
    "lifecycles spread to the states": (
        replaced(state_merge, "own_lifecycles", lambda _shape, state: dict(state)),
        spread(),
        ROOTS,
    ),
    "order without a value keeps data waiting": (
        replaced(composed, "ModuleBlock", deferred),
        deferring(),
        ROOTS,
    ),
    "what is created first is planned with what is not": (
        replaced(planned_stage, "leaking", lambda _: {}),
        spread(),
        ROOTS,
    ),
    "an output that is null is not there": (
        replaced(unit_root, "render", without_defaults),
        ("nulled",),
        ROOTS,
    ),
    "a module that cannot be read stops all units": (
        replaced(pipeline, "set_aside_broken", all_aside),
        unread(),
        ROOTS,
    ),
    "a unit that fails in the plan stops all units": (
        replaced(rounds, "led_back", led_to_all),
        refused(),
        ROOTS,
    ),
    "warnings are dropped": (unwarned, ("checked",), ROOTS),
    "what is listed of several units is told of none": (
        replaced(Blame, "_listed", lambda *_: []),
        ("checked",),
        ROOTS,
    ),
    "a destroy has no order": (
        unordered,
        undone(),
        ROOTS,
    ),
    "a module is at another path": (
        replaced(composed, "relative", lambda path, _workdir: str(path.resolve())),
        ("pathed",),
        COMPOSED,
    ),
    "what is read loses that it is sensitive": (
        replaced(composed, "read_output", lambda _estate, _reference, output: output),
        ("secret",),
        COMPOSED,
    ),
    "a literal is a float": (
        replaced(hcl, "_scalar", lambda value: json.dumps(value, default=float)),
        ("number",),
        COMPOSED,
    ),
    "a line of a generated file is blamed on another unit": (
        replaced(blame, "owners", first_of_all),
        refused(),
        ROOTS,
    ),
    "values in odd objects lose their types": (untyped, ("typed_null",), PIECES),
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


def noticed(name: str, root: Path, *, out: bool = True) -> str:
    """What the harness says with that guard out; empty where it notices nothing.

    It must be empty where the guard is not `out`.
    """
    guard, shown, ways = GUARDS[name]
    with guard() if out else nullcontext():  # one that is not there any more is an error
        try:
            play(scenario(shown), root, ways=ways, destroy=True)
        except Exception as error:  # noqa: BLE001 - whatever it is, it was noticed
            return f"{type(error).__name__}: {error}"
    return ""


def main() -> int:
    """Try every guard, or those named; 1 where one is not noticed, or something is without it."""
    wrong = []
    for name in sys.argv[1:] or GUARDS:
        with tempfile.TemporaryDirectory() as root:
            found = noticed(name, Path(root, "out"))
            anyhow = found and noticed(name, Path(root, "in"), out=False)
        said = "ANYHOW " if anyhow else "noticed" if found else "MISSED "
        sys.stdout.write(f"{said}  {name}\n    {(anyhow or found)[:300]}\n")
        sys.stdout.flush()
        wrong += [name] if anyhow or not found else []
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
