"""What is overwritten by anything but Terraform is kept, listed, and can be read again."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from itertools import count
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytg.errors import Refused
from pytg.state.backups import BACKUPS, KEPT, backups, keep
from support.dead_apply import ONE, TWO

NOON = datetime(2026, 1, 2, 12, 0, 0, 7, tzinfo=UTC)


def state(serial: int) -> bytes:
    return json.dumps({"serial": serial}).encode()


def test_it_is_kept_for_its_owner_alone_and_read_again(tmp_path: Path) -> None:
    made = keep(tmp_path, ONE, state(4), "state mv", now=lambda: NOON)
    assert made.name == "20260102T120000.000007Z-4-state-mv"
    assert made.file == tmp_path / BACKUPS / ONE.slug / f"{made.name}.tfstate"
    assert (made.unit, made.at, made.serial, made.why) == (ONE, NOON, 4, "state-mv")
    assert made.read() == state(4)
    assert made.file.stat().st_mode & 0o777 == 0o600
    assert made.file.parent.stat().st_mode & 0o777 == 0o700
    assert backups(tmp_path, ONE) == [made]
    assert backups(tmp_path, TWO) == []


def test_the_oldest_comes_first_also_where_the_clock_stands_or_goes_back(tmp_path: Path) -> None:
    moments = (NOON - timedelta(seconds=n) for n in count())
    made = [keep(tmp_path, ONE, state(n), "recovery", now=moments.__next__) for n in range(3)]
    assert backups(tmp_path, ONE) == made
    assert [each.serial for each in made] == [0, 1, 2]


def test_the_same_bytes_are_kept_once(tmp_path: Path) -> None:
    first = keep(tmp_path, ONE, state(1), "recovery")
    assert keep(tmp_path, ONE, state(1), "restore") == first
    keep(tmp_path, ONE, state(2), "recovery")
    keep(tmp_path, ONE, state(1), "recovery")
    assert [each.serial for each in backups(tmp_path, ONE)] == [1, 2, 1]


def test_of_a_unit_the_newest_stay(tmp_path: Path) -> None:
    keep(tmp_path, TWO, state(1), "recovery")
    for serial in range(KEPT + 3):
        keep(tmp_path, ONE, state(serial), "recovery")
    kept = [each.serial for each in backups(tmp_path, ONE)]
    assert kept == list(range(3, KEPT + 3))
    assert len(backups(tmp_path, TWO)) == 1


@pytest.mark.parametrize("body", [b"", b"\xff", b"[]", b'{"serial": "x"}', b"{}", b"null"])
def test_what_is_no_whole_state_is_kept_too(tmp_path: Path, body: bytes) -> None:
    keep(tmp_path, ONE, body, "recovery")
    (found,) = backups(tmp_path, ONE)
    assert found.serial is None
    assert found.read() == body


def test_what_lies_there_besides_is_left_alone(tmp_path: Path) -> None:
    made = keep(tmp_path, ONE, state(1), "recovery")
    odd = ("notes.tfstate", "20260102T120000.000007Z-4-.tfstate", "a.txt")
    for name in (*odd, "20261302T120000.000007Z-4-b.tfstate"):
        made.file.with_name(name).write_text("mine")
    assert backups(tmp_path, ONE) == [made]


@given(st.text())
def test_a_reason_of_any_words_makes_a_name_that_is_found(
    tmp_path_factory: pytest.TempPathFactory, why: str
) -> None:
    root = tmp_path_factory.mktemp("any")
    assert [keep(root, ONE, state(1), why)] == backups(root, ONE)


def test_where_none_can_be_kept_nothing_may_be_overwritten(tmp_path: Path) -> None:
    (tmp_path / ".pytg").mkdir()
    (tmp_path / BACKUPS).write_text("in the way")
    with pytest.raises(Refused, match=f"the state of {ONE} is not overwritten") as raised:
        keep(tmp_path, ONE, state(1), "recovery")
    assert "with room on its disk" in raised.value.hint


def test_one_that_is_gone_is_named(tmp_path: Path) -> None:
    made = keep(tmp_path, ONE, state(1), "recovery")
    made.file.unlink()
    with pytest.raises(Refused, match=made.name):
        made.read()
