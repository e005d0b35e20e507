"""Programs of the user's that look at plans: what they get, and what a refusal stops."""

from __future__ import annotations

import json
import stat
import sys
import threading
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from run_words import RESOURCE, at, state_of
from run_world import Person, World, notes

from pytg.errors import Interrupted, Refused
from pytg.recovery.composed_directory import DOCUMENTS
from pytg.run.execution import Execution
from pytg.run.pipeline import apply, plan
from pytg.terraform.secrets import HIDDEN
from support.process import eventually

Make = Callable[..., World]
PASSES = (sys.executable, "-c", "import json, sys; json.load(sys.stdin)")


def program(text: str) -> tuple[str, ...]:
    return (sys.executable, "-c", text)


@pytest.fixture
def world(make: Make) -> World:
    made = make(reads={"a": (), "b": ("a",)})
    made.plans("a", "b", cwd="composed")
    return made


def check(world: World, **commands: tuple[str, ...]) -> None:
    world.estate = replace(world.estate, checks=commands)


def test_a_program_gets_the_plan_on_standard_input_or_as_a_file(
    world: World, tmp_path: Path
) -> None:
    seen = tmp_path / "seen"
    copy = f"import shutil, sys; shutil.copy(sys.argv[1], {str(seen)!r})"
    check(world, stdin=PASSES, file=(*program(copy), "{plan}"))
    execution = world.execution(yes=True)
    apply(execution)
    assert f"module.{at('a').slug}.{RESOURCE}" in seen.read_text()
    assert stat.S_IMODE(seen.stat().st_mode) & 0o077 == 0
    assert world.commands() == ["plan", "show", "apply"]
    assert not list(tmp_path.rglob(DOCUMENTS.replace("*", execution.record.run.run_id)))
    assert notes(execution)[-2:] == [f"check `{n}`: {sys.executable}" for n in ("stdin", "file")]


def test_a_refusal_says_what_the_program_said_and_nothing_is_asked(world: World) -> None:
    says = "import sys; print(sys.stdin.read()[:0] + 'module.ADDRESS is too big'); sys.exit(3)"
    refuses = program(says.replace("ADDRESS", at("a").slug + "." + RESOURCE))
    check(world, size=refuses, fine=PASSES, more=program("raise SystemExit('no tags')"))
    person = Person()
    with pytest.raises(Refused) as caught:
        apply(world.execution(confirm=person))
    first, said, second, more = caught.value.message.splitlines()
    assert (first, second) == (
        "check `size` refuses the plan (exit 3)",
        "check `more` refuses the plan (exit 1)",
    )
    assert str(at("a")) in said
    assert "module." not in said
    assert more == "no tags"
    assert person.questions == []
    assert "apply" not in world.commands()


SECRET = 'of the "plan"\n'


def test_what_a_program_says_is_shown_without_secrets_and_from_its_end(world: World) -> None:
    change = {"actions": ["create"], "after": {"a": SECRET}, "after_sensitive": {"a": True}}
    found = {"address": "x.y", "type": "x", "change": change}
    document = {"format_version": "1.2", "resource_changes": [found]}
    world.fake.rule(command="show", events=[document])
    secret = {"output": {"value": "of-the-state", "type": "string", "sensitive": True}}
    world.store.states[str(at("a"))] = with_outputs("a", secret)
    says = f"print('start' * 1000, *sys.stdin, 'of-the-state', {SECRET.strip()!r})"
    check(world, no=program(f"import sys; {says}; sys.exit(1)"))
    with pytest.raises(Refused) as caught:
        apply(world.execution(yes=True))
    told = caught.value.message
    assert "of-the-state" not in told
    assert SECRET.strip() not in told
    assert "of the" not in told
    assert told.count(HIDDEN) == 3
    assert len(told) < 2200
    assert told.endswith(HIDDEN)


def with_outputs(name: str, outputs: dict[str, object]) -> bytes:
    return json.dumps({**json.loads(state_of(name)), "outputs": outputs}).encode()


def test_of_much_that_a_program_says_the_last_2000_characters_are_shown(world: World) -> None:
    for length, cut in ((2_000, ""), (2_001, "[...] ")):
        check(world, long=program(f"raise SystemExit('a' + 'b' * {length - 1})"))
        with pytest.raises(Refused) as caught:
            apply(world.execution(yes=True))
        _, said = caught.value.message.splitlines()
        assert said == (f"{cut}{'b' * 2_000}" if cut else f"a{'b' * 1_999}")


@pytest.mark.parametrize("per_unit", [False, True])
def test_a_plan_is_shown_and_then_refused(world: World, *, per_unit: bool) -> None:
    check(world, no=program("raise SystemExit(1)"))
    world.plans("a", cwd="units")
    execution = world.execution("a", "b", command="plan", per_unit=per_unit)
    with pytest.raises(Refused):
        plan(execution)
    assert execution.record.run.units[at("a")].changes.create == 1


@pytest.mark.parametrize("yes", [True, False])
def test_unit_by_unit_a_refusal_comes_before_all_else(world: World, *, yes: bool) -> None:
    check(world, no=program("raise SystemExit('never')"))
    world.plans("a", cwd="units")
    with pytest.raises(Refused, match="never"):
        apply(world.execution(per_unit=True, yes=yes))
    assert world.commands() == ["plan", "show"]


def test_unit_by_unit_a_plan_within_what_was_looked_at_is_not_looked_at_again(
    world: World,
) -> None:
    check(world, fine=PASSES)
    world.plans("a", cwd="units")
    execution = world.execution("a", per_unit=True, yes=True)
    apply(execution)
    assert world.commands().count("apply") == 1
    assert sum("check `fine`" in note for note in notes(execution)) == 1


def test_a_plan_without_changes_is_not_looked_at(make: Make) -> None:
    world = make(reads={"a": ()})
    check(world, no=program("raise SystemExit(1)"))
    plan(world.execution(command="plan"))


@pytest.mark.parametrize("do", [apply, plan])
def test_a_program_that_is_not_there_refuses_before_anything_is_planned(
    world: World, do: Callable[[Execution], object]
) -> None:
    check(world, gone=("/nowhere/policy",), here=("./policy",), path=("no-such-program",))
    (world.estate.root / "policy").write_text("#!/bin/sh\n")
    with pytest.raises(Refused) as caught:
        do(world.execution(yes=True))
    assert caught.value.message.splitlines() == [
        "check `gone` cannot be started: there is no file /nowhere/policy",
        "check `here` cannot be started: ./policy is not executable: chmod +x ./policy",
        "check `path` cannot be started: `no-such-program` is not on PATH",
    ]
    assert world.commands() == []


def test_a_program_that_goes_while_it_is_planned_refuses(world: World, tmp_path: Path) -> None:
    program = tmp_path / "policy"
    program.write_text("#!/bin/sh\n")
    program.chmod(0o755)
    check(world, gone=(str(program),))
    execution = world.execution(yes=True, show=lambda *_: program.unlink())
    with pytest.raises(Refused, match=r"check `gone` cannot be started: .*/policy"):
        apply(execution)


def test_a_program_that_a_signal_ended_has_not_refused_and_nothing_is_applied(world: World) -> None:
    check(world, killed=program("import os; print('at work', flush=True); os.kill(os.getpid(), 9)"))
    with pytest.raises(Refused) as caught:
        apply(world.execution(yes=True))
    assert caught.value.message.splitlines() == [
        "check `killed` did not get to its end: SIGKILL ended it",
        "at work",
    ]
    assert "apply" not in world.commands()


def test_ctrl_c_ends_a_program_that_takes_its_time(world: World, tmp_path: Path) -> None:
    started, cancel = tmp_path / "started", threading.Event()
    slow = f"import pathlib, time; pathlib.Path({str(started)!r}).touch(); time.sleep(600)"
    check(world, slow=program(slow))
    watch = threading.Thread(target=lambda: (eventually(started.exists), cancel.set()))
    watch.start()
    with pytest.raises(Interrupted, match="was at work"):
        apply(world.execution(yes=True, cancel=cancel))
    watch.join()
