"""Makes a bundle's plans ready to be applied here: their roots written, their providers there."""

from __future__ import annotations

import contextlib
import hashlib
from collections.abc import Iterator, Sequence

from pytg.bundle import fingerprint
from pytg.bundle.archive import LOCK_FILE, Bundle, plan_name, root_name
from pytg.bundle.manifest import KeptPlan, KeptStage
from pytg.compose.stage import Stage
from pytg.errors import Refused, StalePlan
from pytg.files import write_atomic
from pytg.generate.unit import render_unit
from pytg.run.composed_plan import ComposedPlan, recover_late, shapes_in, write_merged
from pytg.run.execution import Execution
from pytg.run.per_unit import UnitPlan
from pytg.run.planned_stage import PlannedStage
from pytg.run.root import Root, SavedPlan
from pytg.run.roots import roots_of
from pytg.terraform.workdir import FINGERPRINT

Reserved = Sequence[tuple[Stage, KeptStage, Sequence[tuple[KeptPlan, Root]]]]


def reserve(
    execution: Execution, stages: Sequence[tuple[Stage, KeptStage]], held: contextlib.ExitStack
) -> Reserved:
    """The roots of all plans, this process's own in `held`; what a dead run left is taken up."""
    found = []
    for stage, kept in stages:
        roots = {root.units[0].address: root for root in roots_of(execution, stage)}
        plans = [(plan, roots[plan.units[0]]) for plan in kept.plans]
        found.append((stage, kept, plans))
    every = (root for _, _, plans in found for _, root in plans)
    for root in sorted(every, key=lambda root: root.workdir):  # as everybody does
        held.enter_context(root.reserved())
        if root.composed:
            recover_late(root)
    return found


def restore(
    execution: Execution,
    bundle: Bundle,
    stage: Stage,
    kept: KeptStage,
    plans: Sequence[tuple[KeptPlan, Root]],
) -> PlannedStage:
    """The stage as it was planned. Raises Refused or StalePlan where it cannot be had here."""
    made = tuple(_restore(execution, bundle, plan, root) for plan, root in plans)
    return PlannedStage(stage, made, dict(kept.readers))


def _restore(execution: Execution, bundle: Bundle, kept: KeptPlan, root: Root) -> SavedPlan:
    texts, lock = bundle.root(kept.name)
    if not root.composed:  # what a plan that imports was made of is in its file
        texts = render_unit(execution.estate, root.units[0])
    if missing := sorted({"backend.tf", "main.tf", "versions.tf"} - texts.keys()):
        raise Refused(
            f"the bundle {bundle.place} is not whole without {root_name(kept.name, missing[0])}",
            hint="plan again with --out",
        )
    with _locked_to(root, lock):
        _initialise(root, texts)
        if fingerprint.of_fetched(root.workdir) != kept.fetched:
            raise StalePlan(
                "a module from elsewhere is another one here than when it was planned: "
                f"{root.workdir}",
                hint="plan again with --out; a module with a fixed `version` or `ref` stays the "
                "same",
            )
        write_atomic(root.plan_file, bundle.files[plan_name(kept.name)])
        return _on_the_states(execution, kept, root)


def _on_the_states(execution: Execution, kept: KeptPlan, root: Root) -> SavedPlan:
    """The plan in the file of `root`, with the states it was made on. Raises StalePlan."""
    changes = {change.address: change for change in kept.changes}
    held = execution.states.read(execution.estate.units[address] for address in kept.read)
    if not root.composed:
        own = root.units[0].address
        read = {address: state for address, state in held.items() if address != own}
        return UnitPlan(root, changes, kept.digest, read)
    shapes = shapes_in(execution, root.units, kept.counted)
    merged = write_merged(root, shapes, held)
    if hashlib.sha256(merged).hexdigest() != kept.state:
        raise StalePlan(
            f"the states together are others than when it was planned: {root.workdir}",
            hint="somebody applies at this moment, or pytg is another one: plan again with --out",
        )
    return ComposedPlan(root, changes, kept.digest, shapes, held, frozenset(kept.deferred))


@contextlib.contextmanager
def _locked_to(root: Root, lock: bytes | None) -> Iterator[None]:
    """`lock` is that of the root; on an error the one that was there before is there again."""
    place = root.workdir / LOCK_FILE
    there = place.read_bytes() if place.is_file() else None
    if there != lock:
        _write_lock(root, lock)
    try:
        yield
    except BaseException:
        _write_lock(root, there)
        raise


def _initialise(root: Root, texts: dict[str, str]) -> None:
    """Write the root, and initialise it with exactly the providers of its lock.

    Raises Refused where they cannot be had here.
    """
    try:
        root.prepare(texts, lockfile="readonly", upgrade=None)
    except Refused as error:
        raise Refused(
            "the providers or modules that this was planned with cannot be had here, as "
            f"{LOCK_FILE} in the bundle names them:\n{error.message}",
            hint="apply it where they are, on the same platform; or plan again with --out here",
        ) from error


def _write_lock(root: Root, lock: bytes | None) -> None:
    """Make `lock` that of the root, and let init look at the providers again."""
    (root.workdir / FINGERPRINT).unlink(missing_ok=True)
    if lock is None:
        (root.workdir / LOCK_FILE).unlink(missing_ok=True)
    else:
        write_atomic(root.workdir / LOCK_FILE, lock, mode=0o644, durable=False)
