"""A plan that would put a setting on a bucket that has one already."""

from __future__ import annotations

import shlex
from collections.abc import Callable, Mapping
from typing import Any

import pytest
from run_words import at, inside
from run_world import World, rooted

from pytg.errors import Refused
from pytg.model import Unit
from pytg.run.overwrite_guard import SHOWN, refuse_overwriting
from pytg.run.root import SavedPlan

POLICY = "aws_s3_bucket_policy"
NAME = f"{at('a')}:{POLICY}.this"
Overwritten = Callable[[Unit, str, str], str | None]


def change(
    kind: str, after: Mapping[str, Any] | None, *actions: str, name: str = "a", call: str = ""
) -> dict[str, Any]:
    """One resource of a plan, as `terraform show` tells it."""
    address = f"{call}{kind}.this" if call else inside(name, f"{kind}.this")
    done = {"actions": list(actions or ("create",)), "before": None, "after": after}
    return {"address": address, "type": kind, "name": "this", "change": done}


def planned(
    world: World,
    *changes: dict[str, Any],
    there: Overwritten = lambda *_: "{}",
    **options: Any,
) -> SavedPlan:
    """A plan of `a` and `b` with these changes, where a bucket has what `there` says."""
    told = [
        {
            "type": "planned_change",
            "change": {
                "resource": {"addr": c["address"], "resource_type": c["type"]},
                "action": {"delete,create": "replace"}.get(
                    ",".join(c["change"]["actions"]), c["change"]["actions"][0]
                ),
            },
        }
        for c in changes
    ]
    names = [c["address"] for c in changes]
    world.fake.rule(command="plan", events=told, resources=names)
    world.fake.rule(
        command="show", events=[{"format_version": "1.2", "resource_changes": list(changes)}]
    )
    return rooted(world, "a", "b", overwritten=there, **options).plan()


def test_what_is_there_is_not_overwritten(chain: World) -> None:
    asked: list[tuple[str, str, str]] = []

    def there(unit: Unit, kind: str, bucket: str) -> str:
        asked.append((unit.address.module, kind, bucket))
        return '{"Version": 1}'

    plan = planned(chain, change(POLICY, {"bucket": "mine"}), there=there)
    with pytest.raises(Refused) as caught:
        refuse_overwriting(plan)
    assert asked == [("a", POLICY, "mine")]
    assert 'mine has: {"Version": 1}\n' in f"{caught.value.message}\n"
    assert shlex.split(caught.value.hint)[-2:] == ["--allow-overwrite", NAME]


@pytest.mark.parametrize("nothing", [None, ""])
def test_where_nothing_is_there_it_is_made(chain: World, nothing: str | None) -> None:
    plan = planned(chain, change(POLICY, {"bucket": "mine"}), there=lambda *_: nothing)
    refuse_overwriting(plan)
    assert len(chain.fake.calls("show")) == 1


def test_what_was_named_may_go_and_is_not_looked_at(chain: World) -> None:
    asked: list[str] = []

    def there(unit: Unit, _kind: str, _bucket: str) -> str:
        asked.append(unit.address.module)
        return "{}"

    both = [change(POLICY, {"bucket": "mine"}, name=name) for name in "ab"]
    plan = planned(chain, *both, there=there, allow_overwrite=frozenset({NAME}))
    with pytest.raises(Refused) as caught:
        refuse_overwriting(plan)
    assert asked == ["b"]
    assert caught.value.hint.count("--allow-overwrite") == 1


@pytest.mark.parametrize(
    "changes",
    [
        [change("aws_s3_bucket", {"bucket": "mine"})],
        [change(POLICY, {"bucket": "mine"}, "update")],
        [change(POLICY, {"bucket": "mine"}, "delete")],
        [],
    ],
)
def test_a_plan_that_makes_no_setting_costs_nothing(
    chain: World, changes: list[dict[str, Any]]
) -> None:
    refuse_overwriting(planned(chain, *changes))
    assert chain.fake.calls("show") == []


@pytest.mark.parametrize("actions", [("create",), ("delete", "create")])
def test_a_bucket_that_the_plan_makes_has_nothing_yet(
    chain: World, actions: tuple[str, ...]
) -> None:
    bucket = change("aws_s3_bucket", {"bucket": "mine"}, *actions)
    refuse_overwriting(planned(chain, bucket, change(POLICY, {"bucket": "mine"})))
    assert len(chain.fake.calls("show")) == 1


@pytest.mark.parametrize("actions", [("update",), ("no-op",)])
def test_a_bucket_that_the_plan_keeps_is_looked_at(chain: World, actions: tuple[str, ...]) -> None:
    bucket = change("aws_s3_bucket", {"bucket": "mine"}, *actions)
    with pytest.raises(Refused):
        refuse_overwriting(planned(chain, bucket, change(POLICY, {"bucket": "mine"})))


def test_another_bucket_that_the_plan_makes_is_of_no_matter(chain: World) -> None:
    bucket = change("aws_s3_bucket", {"bucket": "other"})
    with pytest.raises(Refused):
        refuse_overwriting(planned(chain, bucket, change(POLICY, {"bucket": "mine"})))


@pytest.mark.parametrize("after", [None, {}, {"bucket": None}])
def test_a_bucket_that_is_not_known_is_not_there(
    chain: World, after: dict[str, Any] | None
) -> None:
    refuse_overwriting(planned(chain, change(POLICY, after)))


def test_beside_a_new_setting_a_kept_one_is_not_looked_at(chain: World) -> None:
    kept = change(POLICY, {"bucket": "kept"}, "update", name="b")
    with pytest.raises(Refused) as caught:
        refuse_overwriting(planned(chain, kept, change(POLICY, {"bucket": "mine"})))
    assert "kept" not in caught.value.message


def test_what_belongs_to_no_unit_is_left_alone(chain: World) -> None:
    stranger = change(POLICY, {"bucket": "theirs"}, call="module.stranger.")
    with pytest.raises(Refused) as caught:
        refuse_overwriting(planned(chain, stranger, change(POLICY, {"bucket": "mine"})))
    assert "theirs" not in caught.value.message


@pytest.mark.parametrize(("length", "cut"), [(SHOWN, False), (SHOWN + 1, True)])
def test_a_long_setting_is_cut(chain: World, length: int, *, cut: bool) -> None:
    plan = planned(chain, change(POLICY, {"bucket": "mine"}), there=lambda *_: "x" * length)
    with pytest.raises(Refused) as caught:
        refuse_overwriting(plan)
    assert caught.value.message.count("x") == SHOWN
    assert caught.value.message.endswith("…") is cut
