"""What stands in the way of an apply is said at once, before the plan and after it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest
from run_words import at, inside
from run_world import World

from pytg.bundle.manifest import Manifest
from pytg.errors import Refused
from pytg.record.run import Result
from pytg.run.options import Request
from pytg.run.pipeline import apply

Make = Callable[..., World]
BUCKET = "aws_s3_bucket.this"


@pytest.fixture
def world(make: Make) -> World:
    """`a` is protected, and its stateful bucket is to be deleted."""
    made = make(
        reads={"a": ()},
        traits={"a": {"protected": True}},
        stateful=frozenset({"aws_s3_bucket"}),
    )
    made.hold("a", BUCKET)
    where = {"addr": inside("a", BUCKET), "resource_type": "aws_s3_bucket"}
    event = {"type": "planned_change", "change": {"resource": where, "action": "delete"}}
    made.fake.rule(command="plan", resources=[where["addr"]], events=[event])
    return made


def check(world: World, *command: str) -> None:
    world.estate = replace(world.estate, checks={"policy": command})


def test_guards_checks_and_nobody_there_are_one_refusal(world: World) -> None:
    check(world, "sh", "-c", "echo no tags; exit 1")
    with pytest.raises(Refused) as caught:
        apply(world.execution(attended=lambda: False))
    told = caught.value.message
    assert told.startswith("3 things must be settled first:\n  1. stateful resources in a prot")
    assert f"--allow-loss '{at('a')}:{BUCKET}'" in told
    assert "  2. check `policy` refuses the plan (exit 1)\n     no tags" in told
    assert "  3. nobody is there to approve the plan, by typing acc/dev, which is prot" in told
    assert world.fake.calls("apply") == []


def test_with_an_answer_only_the_others_are_left(world: World) -> None:
    check(world, "sh", "-c", "exit 1")
    with pytest.raises(Refused, match="2 things") as caught:
        apply(world.execution(attended=lambda: False, yes=True))
    assert "nobody" not in caught.value.message


def test_where_nothing_else_refuses_nobody_there_does(world: World) -> None:
    allowed = frozenset({f"{at('a')}:{BUCKET}"})
    with pytest.raises(Refused) as caught:
        apply(world.execution(attended=lambda: False, allow_loss=allowed))
    assert caught.value.message.startswith("nobody is there to approve the plan, by typing acc/dev")


def test_what_is_known_before_the_plan_is_said_before_it(world: World) -> None:
    """A person who mends it finds nothing else in the way but what only a plan can show."""
    check(world, "no-such-program")
    (world.estate.root / ".git").mkdir()
    with pytest.raises(Refused, match="3 things") as caught:
        apply(world.execution(attended=lambda: False))
    told = caught.value.message
    assert "cannot see whether the git tree is clean" in told
    assert "check `policy` cannot be started: `no-such-program` is not on PATH" in told
    assert "nobody is there" in told
    assert world.commands() == []


def test_a_plan_that_is_kept_warns_of_losses_as_any(world: World) -> None:
    kept: list[str] = []

    def keep(manifest: Manifest, _files: dict[str, bytes]) -> str:
        kept.append(manifest.run)
        return "kept"

    for keeping in (None, keep):
        done = world.do(Request("plan"), keep=keeping)
        assert done.run.result is Result.SUCCEEDED
        [warning] = done.run.diagnostics
        assert (warning.severity, f"--allow-loss '{at('a')}:{BUCKET}'" in warning.detail) == (
            "warning",
            True,
        )
    assert kept == [done.run.run_id]
