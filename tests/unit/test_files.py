"""Files are replaced as a whole, or stay as they were."""

from __future__ import annotations

import errno
import os
import stat
from pathlib import Path
from typing import Any

import pytest

from pytg.files import private_directory, write_atomic, write_if_changed


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "file.json"
    path.write_bytes(b"old")
    path.chmod(0o640)
    return path


def beside(file: Path) -> list[str]:
    return sorted(path.name for path in file.parent.iterdir())


@pytest.mark.parametrize("durable", [True, False])
def test_who_reads_already_reads_on_and_nothing_else_is_left(file: Path, *, durable: bool) -> None:
    with file.open("rb") as reader:
        write_atomic(file, b"new", durable=durable)
        assert reader.read() == b"old"
    assert file.read_bytes() == b"new"
    assert beside(file) == ["file.json"]


def test_a_file_is_its_owners_unless_said_otherwise(file: Path) -> None:
    write_atomic(file, b"new")
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    write_atomic(file, b"new", mode=0o644)
    assert stat.S_IMODE(file.stat().st_mode) == 0o644


@pytest.mark.parametrize("moment", ["open", "fsync", "replace"])
def test_a_write_that_fails_leaves_the_old_file(
    file: Path, moment: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: Any, **__: Any) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, moment, full)
    if moment == "replace":
        monkeypatch.setattr(Path, moment, full)
    with pytest.raises(OSError, match="No space") as raised:
        write_atomic(file, b"new")
    monkeypatch.undo()
    assert raised.value.filename == str(file)
    assert file.read_bytes() == b"old"
    assert beside(file) == ["file.json"]


def test_only_a_durable_write_waits_for_the_disk(
    file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    synced: list[bool] = []
    monkeypatch.setattr(os, "fsync", lambda d: synced.append(stat.S_ISDIR(os.fstat(d).st_mode)))
    write_atomic(file, b"new", durable=False)
    assert synced == []
    write_atomic(file, b"newer")
    assert synced == [False, True]  # its content, then its name


def test_what_is_right_is_not_touched(tmp_path: Path) -> None:
    file = tmp_path / "new" / "directory" / "main.tf"
    assert write_if_changed(file, "text\n")
    before = file.stat().st_ino
    assert not write_if_changed(file, "text\n")
    assert file.stat().st_ino == before
    assert write_if_changed(file, "other\n")
    assert file.read_text() == "other\n"
    assert beside(file) == ["main.tf"]


def test_what_is_no_file_is_left_alone(tmp_path: Path) -> None:
    directory = tmp_path / "main.tf"
    directory.mkdir()
    with pytest.raises(OSError, match="directory"):
        write_if_changed(directory, "text")
    assert beside(directory) == ["main.tf"]


@pytest.mark.parametrize("mode", [None, 0o755])
def test_a_private_directory_is_its_owners_whoever_made_it(
    tmp_path: Path, mode: int | None
) -> None:
    path = tmp_path / "a" / "b"
    if mode is not None:
        path.mkdir(mode, parents=True)
    private_directory(path)
    assert stat.S_IMODE(path.stat().st_mode) == 0o700
