"""A root belongs to one pytg at a time, and what it leaves there holds no secrets."""

from __future__ import annotations

import threading
from datetime import datetime
from pathlib import Path

import pytest
from run_world import World, rooted

from pytg.errors import Interrupted
from pytg.record.run_events import Event, Note
from pytg.recovery.journal import JOURNAL, SNAPSHOT, STATE

PATIENCE = 20
BOTH = pytest.mark.parametrize("composed", [True, False])


@BOTH
def test_a_second_one_does_not_get_in(chain: World, *, composed: bool) -> None:
    """Whoever waits for it and is cancelled has not been inside."""
    first = rooted(chain, composed=composed)
    second = rooted(chain, composed=composed)
    second.execution.cancel.set()
    with first.reserved(), pytest.raises(Interrupted), second.reserved():
        pytest.fail("two are inside")
    with second.reserved():
        assert second.workdir.is_dir()


def test_other_units_are_not_waited_for(chain: World) -> None:
    first, second = rooted(chain, "a"), rooted(chain, "b")
    second.execution.cancel.set()
    with first.reserved(), second.reserved():
        assert first.workdir != second.workdir


@BOTH
def test_a_second_one_waits_says_so_and_gets_in_at_the_end(chain: World, *, composed: bool) -> None:
    first = rooted(chain, composed=composed)
    second = rooted(chain, composed=composed)
    waiting, order = threading.Event(), list[str]()

    def told(_at: datetime, event: Event) -> None:
        assert isinstance(event, Note)
        waiting.set()

    def work() -> None:
        with second.reserved():
            order.append("second in")

    second.execution.log._subscribers.append(told)
    thread = threading.Thread(target=work)
    with first.reserved():
        thread.start()
        assert waiting.wait(PATIENCE)
        order.append("first out")
    thread.join(PATIENCE)
    assert order == ["first out", "second in"]


def left(root: Path) -> set[str]:
    return {path.name for path in root.iterdir() if not path.name.endswith(".lock")}


@BOTH
def test_the_plans_of_dead_runs_are_removed_first(chain: World, *, composed: bool) -> None:
    root = rooted(chain, composed=composed)
    (root.workdir / "pytg-dead.tfplan").touch()
    with root.reserved():
        assert left(root.workdir) == set()


def test_what_holds_secrets_is_removed_at_the_end(chain: World) -> None:
    root = rooted(chain)
    with root.reserved():
        for name in (STATE, SNAPSHOT, root.plan_file.name, "main.tf"):
            (root.workdir / name).touch()
    assert left(root.workdir) == {"main.tf"}


def test_what_a_journal_guards_stays(chain: World) -> None:
    root = rooted(chain)

    def dies() -> None:
        for name in (JOURNAL, STATE, SNAPSHOT):
            (root.workdir / name).touch()
        raise ValueError("defect")

    with pytest.raises(ValueError, match="defect"), root.reserved():
        dies()
    assert left(root.workdir) == {JOURNAL, STATE, SNAPSHOT}


def test_a_unit_s_own_root_keeps_all_but_the_plan(chain: World) -> None:
    root = rooted(chain, composed=False)
    with root.reserved():
        for name in ("errored.tfstate", STATE, root.plan_file.name):
            (root.workdir / name).touch()
    assert left(root.workdir) == {"errored.tfstate", STATE}
