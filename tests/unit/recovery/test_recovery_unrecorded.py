"""What may exist and is in no state is kept until its unit was applied whole."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from pytg.errors import Refused
from pytg.recovery.unrecorded import IN_FLIGHT, remember, remembered, revise
from support.dead_apply import ONE, TWO


@pytest.fixture
def root(tmp_path: Path) -> Path:
    (tmp_path / ".pytg").mkdir()
    return tmp_path


def test_without_a_file_nothing_is_remembered(root: Path) -> None:
    assert remembered(root) == {}


@pytest.mark.parametrize(
    "data", [b"", b"{", b"[]", b"null", b"5", b"\xff", b'{"x": []}', b'{"a/b/c/d": 5}']
)
def test_a_damaged_file_is_named_and_not_written_over(root: Path, data: bytes) -> None:
    (root / IN_FLIGHT).write_bytes(data)
    with pytest.raises(Refused, match=r"in-flight\.json is damaged"):
        remembered(root)
    with pytest.raises(Refused, match=r"in-flight\.json is damaged"):
        remember(root, {ONE: {"x.a": ""}})
    assert (root / IN_FLIGHT).read_bytes() == data


def test_it_adds_up_and_an_id_stays_known(root: Path) -> None:
    remember(root, {ONE: {"x.b": "", "x.c": "i-c"}})
    remember(root, {ONE: {"x.a": "i-a", "x.b": "i-b", "x.c": ""}, TWO: {"x.c": ""}})
    assert remembered(root) == {ONE: {"x.a": "i-a", "x.b": "i-b", "x.c": "i-c"}, TWO: {"x.c": ""}}
    assert list(remembered(root)[ONE]) == ["x.a", "x.b", "x.c"]


def test_a_list_without_ids_is_read(root: Path) -> None:
    (root / IN_FLIGHT).write_text(json.dumps({str(ONE): ["x.a", "x.b"]}))
    assert remembered(root) == {ONE: {"x.a": "", "x.b": ""}}


def test_what_was_applied_whole_is_forgotten(root: Path) -> None:
    remember(root, {ONE: {"x.a": ""}, TWO: {"x.b": ""}})
    revise(root, {TWO: {"x.c": ""}}, {ONE})
    assert remembered(root) == {TWO: {"x.b": "", "x.c": ""}}
    revise(root, {TWO: {"x.d": ""}}, {TWO})
    assert remembered(root) == {TWO: {"x.d": ""}}
    revise(root, {}, {TWO})
    assert not (root / IN_FLIGHT).exists()


def test_nothing_new_writes_nothing(root: Path) -> None:
    remember(root, {ONE: {}})
    assert not (root / IN_FLIGHT).exists()
    remember(root, {ONE: {"x.a": ""}})
    before = (root / IN_FLIGHT).stat()
    remember(root, {ONE: {"x.a": ""}})
    assert (root / IN_FLIGHT).stat().st_ino == before.st_ino
