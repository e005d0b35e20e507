"""The directory of a composed apply: one pytg at a time, and nothing left that must not be."""

from __future__ import annotations

import fcntl
import os
import re
import stat
import threading
from pathlib import Path

import pytest

from pytg.errors import Interrupted, Refused
from pytg.generate.composed import SECRETS
from pytg.recovery.composed_directory import (
    COMPOSED,
    LEFTOVERS,
    LOCK,
    clear,
    journals,
    keep_log,
    remove_dead_plans,
    remove_plans,
    reserved,
)
from pytg.recovery.journal import COPY, JOURNAL, STREAM, Journal, pending
from pytg.terraform.workdir import locked
from support.dead_apply import ONE, TWO, died
from support.process import eventually


def test_another_one_waits_and_says_so(tmp_path: Path) -> None:
    workdir, said, cancel = tmp_path / "a" / "b", list[str](), threading.Event()
    ended: list[str] = []

    def other() -> None:
        try:
            with reserved(workdir, cancel, said.append):
                ended.append("in")
        except Interrupted:
            ended.append("interrupted")

    with reserved(workdir, cancel, said.append):
        assert said == []
        assert stat.S_IMODE(workdir.stat().st_mode) == 0o700
        thread = threading.Thread(target=other)
        thread.start()
        eventually(lambda: said)
        (waiting,) = said
        assert waiting.startswith(
            f"waiting: another pytg works on the same units in {workdir} "
            f"(process {os.getpid()}, since 20"
        )
        assert ended == []
    thread.join()
    assert ended == ["in"]
    with reserved(workdir, cancel, said.append):
        thread = threading.Thread(target=other)
        thread.start()
        cancel.set()
        thread.join()
    assert ended == ["in", "interrupted"]


def test_one_waits_as_long_as_it_is_told_and_says_who_has_it(tmp_path: Path) -> None:
    cancel, said = threading.Event(), list[str]()
    who = rf"\(process {os.getpid()}, run 20250131T120304Z-abcdef, since .+ UTC\)"
    with (
        reserved(tmp_path, cancel, said.append, run_id="20250131T120304Z-abcdef"),
        pytest.raises(Refused, match=rf"for 0 s {who}") as refused,
        reserved(tmp_path, cancel, said.append, timeout_s=0.1),
    ):
        pytest.fail("both are in")
    assert "--lock-timeout" in (refused.value.hint or "")
    assert re.search(who, said[0])


def test_who_has_it_may_not_be_known(tmp_path: Path) -> None:
    """An older pytg wrote nothing; a dead one's words are those of nobody."""
    cancel, said = threading.Event(), list[str]()
    with (
        locked(tmp_path / LOCK),
        pytest.raises(Refused, match=r"for 0 s$"),
        reserved(tmp_path, cancel, said.append, timeout_s=0.1),
    ):
        pytest.fail("both are in")
    assert said == [f"waiting: another pytg works on the same units in {tmp_path}"]
    with reserved(tmp_path, cancel, said.append):
        pass
    assert (tmp_path / LOCK).read_text() == ""


def test_whoever_takes_a_lock_takes_it_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One that is only looked at is held for a moment, in which another would find it taken."""
    taken: list[int] = []
    (tmp_path / LOCK).touch()
    monkeypatch.setattr(fcntl, "flock", lambda file, _how: taken.append(file))
    with reserved(tmp_path, threading.Event(), pytest.fail):
        assert len(taken) == 1


def test_every_journal_is_found_in_order(tmp_path: Path) -> None:
    second, first = died(tmp_path, TWO, key="b"), died(tmp_path, ONE, key="a")
    (tmp_path / COMPOSED / "c").mkdir()
    found = [(workdir, journal.writes) for workdir, journal in journals(tmp_path)]
    assert found == [(first, {ONE}), (second, {TWO})]


def test_a_journal_where_pytg_0_1_left_it_is_found_too(tmp_path: Path) -> None:
    (new := died(tmp_path, ONE)).rename(once := tmp_path / ".pytg" / "composed" / "0")
    assert [workdir for workdir, _ in journals(tmp_path)] == [once]
    died(tmp_path, TWO)
    assert [workdir for workdir, _ in journals(tmp_path)] == [once, new]


def test_a_run_that_ends_meanwhile_is_passed_over(tmp_path: Path) -> None:
    directories = [died(tmp_path, ONE, key=key) for key in ("a", "b", "c")]
    found = journals(tmp_path)
    assert next(found)[0] == directories[0]
    clear(directories[1])
    assert next(found)[0] == directories[2]


def test_a_damaged_journal_is_not_passed_over(tmp_path: Path) -> None:
    workdir = died(tmp_path, ONE)
    for name in (JOURNAL, COPY):
        (workdir / name).write_text("{")
    with pytest.raises(Refused, match="cannot be understood"):
        list(journals(tmp_path))


@pytest.mark.parametrize("name", [JOURNAL, COPY])
def test_one_of_a_journal_and_its_copy_is_enough(tmp_path: Path, name: str) -> None:
    workdir = died(tmp_path, ONE)
    whole = Journal.read(workdir)
    (workdir / name).write_text("{")
    assert list(journals(tmp_path)) == [(workdir, whole)]
    (workdir / name).unlink()
    assert list(journals(tmp_path)) == [(workdir, whole)]
    assert pending(workdir)


def test_what_terraform_told_goes_to_the_logs_where_that_can_be_done(tmp_path: Path) -> None:
    workdir, log = died(tmp_path, ONE), tmp_path / "run" / "apply-1.jsonl"
    keep_log(workdir, log)
    (workdir / STREAM).write_text("told")
    keep_log(workdir, log)
    assert not log.exists()
    log.parent.mkdir()
    keep_log(workdir, log)
    assert log.read_text() == "told"
    assert log.stat().st_mode & 0o777 == 0o600


def test_it_is_cleared_of_plans_and_states_and_keeps_what_init_made(tmp_path: Path) -> None:
    plans = {"pytg-1.tfplan", "pytg-2.tfplan", SECRETS, ".snapshot.tfstate.0a1b2c3d.tmp"}
    kept = {"main.tf", "own.tfplan"}
    for name in {*LEFTOVERS, *plans, *kept}:
        (tmp_path / name).touch()
    remove_plans(tmp_path)
    assert {file.name for file in tmp_path.iterdir()} == {*LEFTOVERS, *kept}
    clear(tmp_path)
    clear(tmp_path)
    assert {file.name for file in tmp_path.iterdir()} == kept


def test_plans_and_secrets_of_killed_runs_are_removed_where_nobody_works(tmp_path: Path) -> None:
    dead, busy, unfinished = (tmp_path / COMPOSED / key for key in "abc")
    names = {".snapshot.tfstate.0a1b2c3d.tmp", "pytg-1.tfplan", SECRETS, "main.tf"}
    for workdir in (dead, busy, unfinished):
        workdir.mkdir(parents=True)
        for name in names:
            (workdir / name).touch()
    (unfinished / JOURNAL).touch()
    with reserved(busy, threading.Event(), pytest.fail):
        remove_dead_plans(tmp_path)
    assert {file.name for file in dead.iterdir()} == {"main.tf", LOCK}
    assert names < {file.name for file in busy.iterdir()}
    assert names < {file.name for file in unfinished.iterdir()}
