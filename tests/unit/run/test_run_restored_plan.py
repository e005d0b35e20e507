"""A plan of a bundle that does not hold here leaves the root as it was."""

from __future__ import annotations

import hashlib
from dataclasses import replace

import pytest
from run_words import at
from run_world import World, rooted

from pytg.bundle.archive import LOCK_FILE, Bundle, plan_name, root_name
from pytg.bundle.manifest import KeptPlan, KeptStage, KeptState
from pytg.compose.changes import UnitChanges
from pytg.compose.stage import Stage
from pytg.errors import StalePlan
from pytg.run.restored_plan import restore

PLAN = b"a plan"
KEPT = KeptPlan(
    "1/1",
    (at("a"),),
    hashlib.sha256(PLAN).hexdigest(),
    (UnitChanges(at("a")),),
    {at("a"): KeptState(None)},
)


@pytest.mark.parametrize(
    ("kept", "said"),
    [
        (replace(KEPT, fetched="0"), "a module from elsewhere is another one"),
        (replace(KEPT, state="0"), "the states together are others"),
    ],
)
@pytest.mark.parametrize("there", [b"# here\n", None])
def test_a_refused_plan_leaves_the_lock_of_its_root(
    chain: World, kept: KeptPlan, said: str, there: bytes | None
) -> None:
    root = rooted(chain, "a")
    lock = root.workdir / LOCK_FILE
    if there is not None:
        lock.write_bytes(there)
    files = {plan_name("1/1"): PLAN, root_name("1/1", LOCK_FILE): b"# of the bundle\n"}
    files |= {root_name("1/1", name): b"" for name in ("versions.tf", "backend.tf", "main.tf")}
    stage = Stage((at("a"),), composed=True, reason="")
    kept_stage = KeptStage(stage.units, composed=True, reason="", plans=(kept,))
    bundle = Bundle(None, files, "here", "")  # type: ignore[arg-type]  # not looked at
    with pytest.raises(StalePlan, match=said):
        restore(root.execution, bundle, stage, kept_stage, [(kept, root)])
    assert (lock.read_bytes() if lock.exists() else None) == there
