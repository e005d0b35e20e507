"""What an apply was about to write is known by its hash, or it is known that it is not known."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from pytg.recovery.written import NOTES, begin, loses_nothing, note, noted
from support.dead_apply import ONE, TWO
from support.memory_store import composed


def test_every_version_of_every_unit_is_known(tmp_path: Path) -> None:
    begin(tmp_path)
    assert noted(tmp_path) == {}
    note(tmp_path, {"a": "1", "b": "2"})
    note(tmp_path, {"a": "3"})
    assert noted(tmp_path) == {"a": {"1", "3"}, "b": {"2"}}
    assert (tmp_path / NOTES).stat().st_mode & 0o777 == 0o600
    begin(tmp_path)
    assert noted(tmp_path) == {}


def test_a_line_that_was_cut_short_was_not_written_by(tmp_path: Path) -> None:
    begin(tmp_path)
    note(tmp_path, {"a": "1"})
    note(tmp_path, {"a": "2"})
    file = tmp_path / NOTES
    file.write_bytes(file.read_bytes()[:-1])
    assert noted(tmp_path) == {"a": {"1"}}


@pytest.mark.parametrize("line", [b"", b"[]", b"null", b"\xff", b'{"a": 1}', b'{"a"'])
def test_damaged_notes_say_nothing(tmp_path: Path, line: bytes) -> None:
    (tmp_path / NOTES).write_bytes(b'{"a": "1"}\n' + line + b"\n")
    assert noted(tmp_path) is None


def test_notes_that_could_not_be_made_are_no_notes(tmp_path: Path) -> None:
    assert noted(tmp_path) is None
    note(tmp_path, {"a": "1"})  # it was removed, or never begun
    assert noted(tmp_path) is None


def state(*instances: dict[str, Any], mode: str = "managed") -> dict[str, Any]:
    made: dict[str, Any] = json.loads(composed(ONE))
    made["resources"][0] |= {"instances": [{"attributes": each} for each in instances]}
    made["resources"][0] |= {"mode": mode}
    return made


@pytest.mark.parametrize(
    ("before", "after", "lossless"),
    [
        (state(), state(), True),
        (state({"id": "1", "n": 1}), state({"id": "1", "n": 2}), True),
        (state({"id": "1"}), state({"id": "2"}), False),
        (state({"id": "1"}), state({"id": "2"}, {"id": "1"}), True),
        (state({"id": "1"}, {"id": "3"}), state({"id": "1"}), False),
        (state({"id": "1"}), state(), False),
        (state({"id": "1"}, mode="data"), state(), True),
        (json.loads(composed(TWO)), state({"id": "two"}), False),
    ],
)
def test_nothing_is_lost_where_every_object_is_in_the_other_state(
    before: dict[str, Any], after: dict[str, Any], *, lossless: bool
) -> None:
    assert loses_nothing(before, after) is lossless
