"""States in files: whole whatever happens, and locked."""

from __future__ import annotations

import errno
import itertools
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from pytg.errors import LockHeld, PytgError, Refused
from pytg.state import file_lock, local_file, local_store
from pytg.state.local_store import LocalStore
from pytg.state.state_store import LockInfo

KEY = "docs/eu-west-1/dev/storage/terraform.tfstate"
OLD = b'{"version": 4, "serial": 1}'
NEW = b'{"version": 4, "serial": 2, "resources": []}'
MINE = LockInfo.new("pytg apply")
THEIRS = LockInfo.new("pytg apply")

DIE_HOLDING_A_LOCK = """
import os, sys
from pathlib import Path
from pytg.state.state_store import LockInfo
from pytg.state.local_store import LocalStore
LocalStore(Path(sys.argv[1])).lock(sys.argv[2], LockInfo.new("pytg apply", "dead"))
os._exit(0)
"""


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / KEY


def beside(file: Path) -> set[str]:
    return {path.name for path in file.parent.iterdir()}


def test_a_state_comes_back(store: LocalStore, file: Path) -> None:
    assert store.exists()
    assert store.read(KEY) is None
    version = store.write(KEY, OLD)
    stored = store.read(KEY)
    assert stored
    assert (stored.body, stored.version) == (OLD, version)
    assert store.write(KEY, NEW) != version
    assert file.read_bytes() == NEW
    assert store.digest_repair(KEY) is False


def test_only_the_owner_may_read_a_state(store: LocalStore, file: Path) -> None:
    store.write(KEY, OLD)
    store.write(KEY, NEW)
    assert {path.stat().st_mode & 0o077 for path in file.parent.iterdir()} == {0}


def test_the_state_before_is_kept_beside_it(store: LocalStore, file: Path) -> None:
    """One a lock, as Terraform keeps one a run."""
    store.write(KEY, OLD)
    store.lock(KEY, MINE)
    store.write(KEY, b"{}")
    store.write(KEY, NEW)
    store.unlock(KEY, MINE.id)
    assert file.with_name("terraform.tfstate.backup").read_bytes() == OLD
    assert beside(file) == {"terraform.tfstate", "terraform.tfstate.backup"}


def test_a_deleted_state_is_gone_and_its_file_stays_lockable(store: LocalStore, file: Path) -> None:
    store.write(KEY, OLD)
    before = file.stat().st_ino
    store.delete(KEY)
    store.delete(KEY)
    store.delete("never/there")
    assert store.read(KEY) is None
    assert file.stat().st_ino == before


def test_writing_keeps_the_file_that_terraform_locks(store: LocalStore, file: Path) -> None:
    store.write(KEY, OLD)
    before = file.stat().st_ino
    store.write(KEY, NEW)
    assert file.stat().st_ino == before


def test_a_lock_keeps_others_out_until_it_is_left(store: LocalStore, another: LocalStore) -> None:
    store.lock(KEY, MINE)
    store.lock(KEY, MINE)
    assert store.read(KEY) is None  # reading, here and by others, does not lose the lock
    assert another.read(KEY) is None
    assert another.holder(KEY) == MINE.at(str(another._path(KEY)))
    for denied in (store, another):
        with pytest.raises(LockHeld, match=MINE.id):
            denied.lock(KEY, THEIRS)
        with pytest.raises(Refused, match="a process that still runs"):
            denied.unlock(KEY, THEIRS.id)
    with pytest.raises(LockHeld):
        another.write(KEY, NEW)
    with pytest.raises(LockHeld):
        another.delete(KEY)
    store.write(KEY, OLD)
    store.unlock(KEY, MINE.id)
    store.unlock(KEY, MINE.id)
    assert another.holder(KEY) is None
    another.lock(KEY, THEIRS)
    another.unlock(KEY, THEIRS.id)


def test_unlocking_what_was_never_there_makes_nothing(store: LocalStore, tmp_path: Path) -> None:
    store.unlock(KEY, MINE.id)
    assert store.holder(KEY) is None
    assert list(tmp_path.iterdir()) == []


def test_the_lock_of_a_dead_process_holds_nobody_up(
    store: LocalStore, tmp_path: Path, file: Path
) -> None:
    subprocess.run([sys.executable, "-c", DIE_HOLDING_A_LOCK, tmp_path, KEY], check=True)
    assert ".terraform.tfstate.lock.info" in beside(file)
    assert store.holder(KEY) is None
    store.unlock(KEY, "dead")
    assert beside(file) == {"terraform.tfstate"}
    store.lock(KEY, MINE)


def test_a_file_that_is_removed_while_it_is_taken_is_taken_anew(
    store: LocalStore, another: LocalStore, file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Terraform removes an empty state file when it leaves its lock."""
    real, calls = file_lock.try_lock, []

    def removing(descriptor: int) -> bool:
        if not calls:
            file.unlink()
        calls.append(descriptor)
        return real(descriptor)

    monkeypatch.setattr(file_lock, "try_lock", removing)
    store.lock(KEY, MINE)
    assert len(calls) == 2
    with pytest.raises(LockHeld):
        another.lock(KEY, THEIRS)


def _crash(monkeypatch: pytest.MonkeyPatch, written: int) -> None:
    """Die in the next write after `written` bytes of the file itself."""

    def cut_off(descriptor: int, body: bytes) -> None:
        os.ftruncate(descriptor, 0)
        os.pwrite(descriptor, body[:written], 0)
        raise SystemExit("killed")

    monkeypatch.setattr(local_file, "_overwrite", cut_off)


@pytest.mark.parametrize("written", [0, 1, len(NEW) // 2, len(NEW) - 1, len(NEW)])
@pytest.mark.parametrize("before", [None, OLD])
def test_a_crash_in_the_middle_of_a_write_loses_nothing(
    store: LocalStore, file: Path, before: bytes | None, written: int
) -> None:
    if before is not None:
        store.write(KEY, before)
    with pytest.MonkeyPatch.context() as patch:
        _crash(patch, written)
        with pytest.raises(SystemExit):
            store.write(KEY, NEW)
    stored = store.read(KEY)
    assert stored
    assert stored.body == NEW
    store.lock(KEY, MINE)  # whoever takes the lock next finishes the write
    assert file.read_bytes() == NEW
    assert "terraform.tfstate.new" not in beside(file)


def test_a_crash_before_the_write_leaves_the_old_state(store: LocalStore, file: Path) -> None:
    store.write(KEY, OLD)
    file.with_name("terraform.tfstate.new").write_bytes(NEW)
    stored = store.read(KEY)
    assert stored
    assert stored.body == OLD
    store.lock(KEY, MINE)
    assert "terraform.tfstate.new" not in beside(file)


def test_what_terraform_half_wrote_is_not_taken_for_an_older_copy(
    store: LocalStore, file: Path
) -> None:
    store.write(KEY, OLD)
    file.with_name("terraform.tfstate.new").write_bytes(OLD)
    file.write_bytes(NEW[:-5])
    with pytest.raises(PytgError, match=f"{file} is damaged"):
        store.read(KEY)
    store.lock(KEY, MINE)
    assert "terraform.tfstate.new" in beside(file)  # a person has to look at both


def test_a_reader_waits_for_a_writer_to_finish(
    store: LocalStore, another: LocalStore, file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store.write(KEY, OLD)
    another.lock(KEY, THEIRS)
    file.write_bytes(NEW[:-5])
    monkeypatch.setattr(local_store.time, "sleep", lambda _: file.write_bytes(NEW))
    stored = store.read(KEY)
    assert stored
    assert stored.body == NEW


CHANGING = ("open", "ftruncate", "pwrite", "fsync", "replace", "unlink")
FILLING = ("open", "pwrite", "fsync")
MOMENTS = 26  # more calls than two writes make


@pytest.mark.parametrize("before", [None, OLD])
@pytest.mark.parametrize(
    ("names", "faults"),
    [
        (CHANGING, [range(n, 999) for n in range(MOMENTS)]),
        (FILLING, [range(n, 999) for n in range(MOMENTS)]),
        (CHANGING, list(itertools.combinations(range(MOMENTS), 2))),
    ],
    ids=["all from then on", "disk full from then on", "two moments"],
)
def test_whatever_fails_at_whatever_moment_a_whole_state_is_there(
    tmp_path: Path,
    before: bytes | None,
    names: Sequence[str],
    faults: Sequence[Sequence[int]],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Two writes under one lock, with the faults at every moment of them."""
    monkeypatch.setattr(local_store, "_PAUSE_S", 0)
    bodies = [before, NEW, b'{"serial": 3}']
    for number, failing in enumerate(faults):
        store, key = LocalStore(tmp_path), f"{number}/state"
        if before is not None:
            store.write(key, before)
        store.lock(key, MINE)
        safe = 0
        with pytest.MonkeyPatch.context() as patch:
            _fail(patch, names, failing)
            for wrote in (1, 2):
                with suppress(PytgError):
                    store.write(key, bodies[wrote] or b"")
                    safe = wrote
        assert _body(LocalStore(tmp_path), key) in bodies[safe:], failing
        store.unlock(key, MINE.id)
        store.lock(key, THEIRS)  # mends
        assert _body(store, key) in bodies[safe:], failing
        store.unlock(key, THEIRS.id)


def _body(store: LocalStore, key: str) -> bytes | None:
    stored = store.read(key)
    return stored.body if stored else None


def _fail(patch: pytest.MonkeyPatch, names: Sequence[str], faults: Sequence[int]) -> None:
    """Let the calls of `os` that have a number in `faults` fail; half a write is written."""
    calls = itertools.count()
    pwrite = os.pwrite

    def failing(real: Callable[..., Any]) -> Callable[..., Any]:
        def call(*arguments: Any, **named: Any) -> Any:
            if next(calls) not in faults:
                return real(*arguments, **named)
            if real is pwrite:
                descriptor, body, offset = arguments
                pwrite(descriptor, body[: len(body) // 2], offset)
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

        return call

    for name in names:
        patch.setattr(os, name, failing(getattr(os, name)))


def test_a_full_disk_leaves_the_old_state_and_says_so(
    store: LocalStore, file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store.write(KEY, OLD)

    def full(_: int) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(PytgError, match=f"cannot write the state {file}: No space") as raised:
        store.write(KEY, NEW)
    assert "make room" in raised.value.hint
    assert file.read_bytes() == OLD
    assert "terraform.tfstate.new" not in beside(file)
    assert store.holder(KEY) is None


def test_what_may_not_be_read_is_said(store: LocalStore, file: Path) -> None:
    file.mkdir(parents=True)
    with pytest.raises(Refused, match=f"cannot read the state {file}"):
        store.read(KEY)
    with pytest.raises(Refused, match=f"cannot lock the state {file}"):
        store.lock(KEY, MINE)


@pytest.mark.parametrize("whole_directory", [True, False])
def test_a_file_that_was_removed_under_the_lock_is_made_anew(
    tmp_path: Path, *, whole_directory: bool
) -> None:
    store, other = LocalStore(tmp_path / "states"), LocalStore(tmp_path / "states")
    info = LockInfo.new("pytg apply")
    key = "a/terraform.tfstate"
    store.write(key, b'{"serial": 1}')
    store.lock(key, info)
    if whole_directory:
        shutil.rmtree(tmp_path / "states")
    else:
        (tmp_path / "states" / key).unlink()
    assert store.read(key) is None
    store.write(key, b'{"serial": 2}')
    for each in (store, other):
        found = each.read(key)
        assert found is not None
        assert found.body == b'{"serial": 2}'
    with pytest.raises(LockHeld):
        other.lock(key, LockInfo.new("pytg apply"))
    store.unlock(key, info.id)
    assert other.holder(key) is None
