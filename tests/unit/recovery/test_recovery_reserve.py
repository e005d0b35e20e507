"""Room is kept, and given back when the disk is full."""

from __future__ import annotations

import os
from pathlib import Path
from types import SimpleNamespace

import pytest

from pytg.recovery.reserve import RESERVE, SIZE, Reserve
from support.process import eventually


def test_it_is_kept_until_it_is_freed(tmp_path: Path) -> None:
    reserve = Reserve(tmp_path)
    assert not reserve.free()
    reserve.hold()
    assert (tmp_path / RESERVE).stat().st_blocks * 512 >= SIZE
    assert reserve.free()
    assert not reserve.free()


def test_where_there_is_no_place_for_it_nothing_fails(tmp_path: Path) -> None:
    reserve = Reserve(tmp_path / "gone")
    reserve.hold()
    with reserve:
        assert not reserve.free()


@pytest.mark.parametrize(("there", "freed"), [(SIZE - 1, True), (SIZE, False)])
def test_a_disk_that_is_full_gets_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, there: int, *, freed: bool
) -> None:
    looked: list[Path] = []

    def statvfs(path: Path) -> SimpleNamespace:
        looked.append(path)
        return SimpleNamespace(f_bavail=there, f_frsize=1)

    reserve = Reserve(tmp_path)
    reserve.hold()
    monkeypatch.setattr(os, "statvfs", statvfs)
    with reserve:
        eventually(lambda: len(looked) > 1)
    assert looked[0] == tmp_path
    assert (tmp_path / RESERVE).exists() is not freed
