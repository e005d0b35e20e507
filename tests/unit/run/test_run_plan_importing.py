"""Plans with imports of what may exist: tried, given up where it is not there or another's."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import pytest
from run_words import at, inside
from run_world import World, notes, rooted

from pytg.compose.changes import ResourceAction, UnitChanges
from pytg.errors import PytgError
from pytg.model import Import
from pytg.record.run import Outcome, Status
from pytg.recovery.unrecorded import remember, remembered
from pytg.run.execution import Execution
from pytg.run.import_unrecorded import (
    NOT_THERE,
    Imports,
    keep_unrecorded,
    plan_importing,
    with_imports,
)
from pytg.run.plan_failure import PlanFailed
from pytg.run.root import Root, SavedPlan
from pytg.terraform.completed import Completed
from pytg.terraform.event_stream import Diagnostic

BUCKET, ROLE = "aws_s3_bucket.this", "aws_iam_role.this"
ONE, TWO = Import(BUCKET, "mine"), Import(ROLE, "admin")
AFTER: dict[str, dict[str, object]] = {BUCKET: {"bucket": "mine"}, ROLE: {"name": "admin"}}


@dataclass
class Planner:
    """Plans as `answers` say, the last one again and again, and remembers the imports."""

    root: Root
    answers: list[SavedPlan | Exception]
    tried: list[tuple[Import, ...]] = field(default_factory=list)

    def __call__(self, imports: Imports) -> SavedPlan:
        self.tried.append(imports.get(at("a"), ()))
        answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        if isinstance(answer, Exception):
            raise answer
        return answer


def saved(root: Root, **actions: str) -> SavedPlan:
    """A plan that does so to the bucket and the role of `a`."""
    names = {"bucket": BUCKET, "role": ROLE}
    made = tuple(
        ResourceAction(names[n], action, names[n].partition(".")[0])
        for n, action in actions.items()
    )
    return SavedPlan(root, {at("a"): UnitChanges(at("a"), resources=made)}, "")


def prepared(world: World, *remembered: str, destroy: bool = False) -> Root:
    """The root of `a`, in which a first plan creates both and shows their names."""
    if remembered:
        remember(world.estate.root, {at("a"): dict.fromkeys(remembered, "")})
    changes: list[dict[str, Any]] = [
        {
            "address": inside("a", name),
            "type": name.partition(".")[0],
            "name": "this",
            "change": {"actions": ["create"], "before": None, "after": after},
        }
        for name, after in AFTER.items()
    ]
    world.fake.rule(command="show", events=[{"format_version": "1.2", "resource_changes": changes}])
    return rooted(world, "a", destroy=destroy)


def failed(root: Root, *diagnostics: Diagnostic, **how: bool) -> PlanFailed:
    completed = Completed("plan", 1, diagnostics, "", **how)
    return PlanFailed(completed, root.calls, {})


def missing(name: str) -> Diagnostic:
    return Diagnostic("error", NOT_THERE, f'Cannot import "{inside("a", name)}": not there')


def importing(root: Root, *answers: SavedPlan | Exception) -> tuple[SavedPlan, list[Any]]:
    planner = Planner(root, list(answers))
    return plan_importing(root.execution, planner), planner.tried


def test_without_anything_in_doubt_one_plan_does(chain: World) -> None:
    root = prepared(chain)
    plain = saved(root, bucket="create", role="create")
    assert importing(root, plain) == (plain, [()])
    assert chain.fake.calls("show") == []


def test_what_may_exist_and_would_be_created_is_imported(chain: World) -> None:
    root = prepared(chain, BUCKET)
    adopted = saved(root, role="create")
    found = importing(root, saved(root, bucket="create", role="create"), adopted)
    assert found == (adopted, [(), (ONE,)])


@pytest.mark.parametrize("action", ["update", "delete", "replace"])
def test_what_is_in_a_state_is_not_imported(chain: World, action: str) -> None:
    root = prepared(chain, BUCKET)
    plain = saved(root, bucket=action, role="create")
    assert importing(root, plain) == (plain, [()])
    assert chain.fake.calls("show") == []


def test_a_destroy_imports_nothing(chain: World) -> None:
    root = prepared(chain, BUCKET, destroy=True)
    plain = saved(root, bucket="create")
    assert importing(root, plain) == (plain, [()])


def test_what_is_not_there_is_made(chain: World) -> None:
    root = prepared(chain, BUCKET, ROLE)
    first, last = saved(root, bucket="create", role="create"), saved(root, role="create")
    found = importing(root, first, failed(root, missing(ROLE)), last)
    assert found == (last, [(), (TWO, ONE), (ONE,)])


def test_what_may_exist_and_is_made_anew_is_named_in_every_plan(chain: World) -> None:
    root = prepared(chain, BUCKET, ROLE)
    remember(chain.estate.root, {at("a"): {"terraform_data.this": "an-id"}})
    made = ResourceAction("terraform_data.this", "create", "terraform_data")
    plan = SavedPlan(root, {at("a"): UnitChanges(at("a"), resources=(made,))}, "")
    for _ in range(2):  # told once a run
        plan_importing(root.execution, Planner(root, [plan]))
    (found,) = root.execution.record.run.units[at("a")].diagnostics
    assert found.severity == "warning"
    assert "terraform_data.this may exist already as an-id" in found.summary


def test_where_nothing_is_there_it_is_planned_as_at_first(chain: World) -> None:
    root = prepared(chain, BUCKET)
    first = saved(root, bucket="create")
    found = importing(root, first, failed(root, missing(BUCKET)), first)
    assert found == (first, [(), (ONE,), ()])


@pytest.mark.parametrize("action", ["replace", "delete"])
def test_what_would_be_replaced_is_somebody_else_s(chain: World, action: str) -> None:
    root = prepared(chain, BUCKET, ROLE)
    first, last = saved(root, bucket="create", role="create"), saved(root, role="update")
    found = importing(root, first, saved(root, bucket=action), last)
    assert found == (last, [(), (TWO, ONE), (TWO,)])


def test_the_replacement_of_something_else_is_no_matter(chain: World) -> None:
    root = prepared(chain, BUCKET)
    adopted = saved(root, bucket="update", role="replace")
    found = importing(root, saved(root, bucket="create", role="replace"), adopted)
    assert found == (adopted, [(), (ONE,)])


def test_another_failure_of_an_import_gives_it_up_and_says_so(chain: World) -> None:
    root = prepared(chain, BUCKET)
    first = saved(root, bucket="create")
    found = importing(root, first, failed(root, Diagnostic("error", "AccessDenied")), first)
    assert found == (first, [(), (ONE,), ()])
    (note,) = notes(root.execution)
    assert "AccessDenied" in note


@pytest.mark.parametrize("how", [{"interrupted": True}, {"killed": True}])
def test_an_interrupted_plan_is_not_tried_again(chain: World, how: dict[str, bool]) -> None:
    root = prepared(chain, BUCKET)
    with pytest.raises(PlanFailed):
        importing(root, saved(root, bucket="create"), failed(root, **how))


def test_what_fails_without_imports_fails(chain: World) -> None:
    root = prepared(chain, BUCKET)
    with pytest.raises(PytgError):
        importing(root, failed(root, Diagnostic("error", "No")))


def test_imports_are_added_to_those_of_the_configuration(chain: World) -> None:
    unit = with_imports(chain.estate.units[at("a")], {at("a"): (ONE,)})
    assert with_imports(unit, {at("a"): (TWO,), at("b"): (ONE,)}).imports == (ONE, TWO)


def kept(execution: Execution, outcomes: dict[str, Outcome]) -> dict[str, dict[str, str]]:
    ids = {at("b"): {"x.new": "i-1", "x.other": "i-2"}, at("a"): {"x.new": "i-3"}}
    keep_unrecorded(execution, {at(name): outcome for name, outcome in outcomes.items()}, ids)
    return {unit.module: names for unit, names in remembered(execution.estate.root).items()}


@pytest.mark.parametrize("destroy", [True, False])
def test_only_what_was_applied_whole_is_no_longer_in_doubt(chain: World, *, destroy: bool) -> None:
    remember(chain.estate.root, {at(name): {"x.old": ""} for name in "abc"})
    unknown = Outcome(Status.UNKNOWN, unknown_resources=("x.new",))
    outcomes = {"a": Outcome(Status.SUCCEEDED), "b": unknown, "c": Outcome(Status.UNCHANGED)}
    found = kept(chain.execution(destroy=destroy), outcomes)
    assert found.pop("a", None) == ({"x.old": ""} if destroy else None)
    assert found == {"b": {"x.new": "i-1", "x.old": ""}, "c": {"x.old": ""}}
