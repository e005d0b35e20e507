"""The states that grow while Terraform runs are carried on, whatever fails in between."""

from __future__ import annotations

import json
import shutil
import threading
from pathlib import Path

import pytest

from pytg.compose.shape import shape_of
from pytg.errors import PytgError
from pytg.model import Address
from pytg.recovery.journal import ERRORED_STATE, SNAPSHOT, STATE, newest_state
from pytg.recovery.written import begin, noted
from pytg.run import state_mirror
from pytg.run.state_mirror import StateMirror
from pytg.state.state_reader import StateLocation, StateReader, UnitState
from pytg.state.state_store import StateStore, version_of
from support.estate_in_memory import estate_of
from support.memory_store import MemoryStore, composed
from support.process import eventually

ONE, OTHER = (Address("acc", "us-east-1", "dev", name) for name in ("one", "other"))


class Failing(MemoryStore):
    """Raises `errors`, one a write, before it writes."""

    def __init__(self, *errors: Exception) -> None:
        super().__init__()
        self.errors = list(errors)

    def write(self, key: str, body: bytes) -> str:
        if self.errors:
            raise self.errors.pop(0)
        return super().write(key, body)


def mirror(workdir: Path, store: MemoryStore, written: list[Address]) -> StateMirror:
    estate = estate_of([str(ONE), str(OTHER)])
    units = [(unit, shape_of(estate, unit)) for unit in estate.units.values()]

    def store_of(_unit: StateLocation) -> StateStore:
        return store

    held = {unit.address: UnitState(None, None) for unit, _ in units}
    return StateMirror(
        workdir, units, held, StateReader(store_of), lambda unit, _: written.append(unit)
    )


@pytest.mark.parametrize(
    "error", [PytgError("the bucket does not answer"), OSError(28, "No space left on device")]
)
def test_a_write_that_fails_is_tried_again_while_terraform_runs(
    tmp_path: Path, error: Exception
) -> None:
    store, written = Failing(error), list[Address]()
    with mirror(tmp_path, store, written):
        (tmp_path / STATE).write_bytes(composed(ONE))
        eventually(lambda: written)
    assert not store.errors
    assert written == [ONE]


def test_only_what_changed_is_written(tmp_path: Path) -> None:
    written: list[Address] = []
    carried = mirror(tmp_path, MemoryStore(), written)
    for units in ((ONE,), (ONE, OTHER), (ONE, OTHER)):
        (tmp_path / STATE).write_bytes(composed(*units))
        carried.sync()
    assert written == [ONE, OTHER]


def test_numbers_are_carried_to_the_letter(tmp_path: Path) -> None:
    store, third = MemoryStore(), "33." + "3" * 120
    carried = mirror(tmp_path, store, [])
    output = f'"outputs": {{"{ONE.slug}__share": {{"value": {third}, "type": "number"}}}}'
    body = composed(ONE).decode()
    assert '"outputs": {}' in body
    (tmp_path / STATE).write_text(body.replace('"outputs": {}', output))
    carried.sync()
    (stored,) = store.states.values()
    assert f'"value": {third},'.encode() in stored


@pytest.mark.parametrize("half", [b"", b'{"version": 4, "resou'])
def test_the_last_whole_state_is_kept_beside_the_one_that_is_written(
    tmp_path: Path, half: bytes
) -> None:
    written: list[Address] = []
    carried = mirror(tmp_path, MemoryStore(), written)
    (tmp_path / STATE).write_bytes(composed(ONE))
    carried.sync()
    assert (tmp_path / SNAPSHOT).read_bytes() == composed(ONE)
    (tmp_path / STATE).write_bytes(half)
    carried.sync()
    assert (tmp_path / SNAPSHOT).read_bytes() == composed(ONE)
    assert written == [ONE]


def test_before_terraform_has_written_there_is_nothing_to_write(tmp_path: Path) -> None:
    written: list[Address] = []
    with mirror(tmp_path, MemoryStore(), written) as carried:
        carried.sync()
    assert written == []
    assert not (tmp_path / SNAPSHOT).exists()


def test_once_it_is_left_nobody_writes_any_more(tmp_path: Path) -> None:
    carried = mirror(tmp_path, MemoryStore(), [])
    with carried:
        assert carried._thread.is_alive()
    assert not carried._thread.is_alive()


def test_what_cannot_be_written_at_last_is_raised(tmp_path: Path) -> None:
    written: list[Address] = []
    carried = mirror(tmp_path, Failing(PytgError("no"), PytgError("no")), written)
    (tmp_path / STATE).write_bytes(composed(ONE))
    for _ in range(2):
        with pytest.raises(PytgError):
            carried.sync()
    carried.sync()
    assert written == [ONE]


def test_each_write_follows_the_one_before(tmp_path: Path) -> None:
    """The serial goes up by one, and the lineage stays."""
    store = MemoryStore()
    carried = mirror(tmp_path, store, [])
    found = []
    for units in ((ONE,), ()):
        (tmp_path / STATE).write_bytes(composed(*units))
        carried.sync()
        found.append(json.loads(store.states[str(ONE)]))
    assert [state["serial"] for state in found] == [1, 2]
    assert found[0]["lineage"] == found[1]["lineage"]
    assert [len(state["resources"]) for state in found] == [1, 0]


class Rounds(threading.Event):
    """Is set after so many looks at it."""

    def __init__(self, count: int) -> None:
        super().__init__()
        self.left = count

    def wait(self, timeout: float | None = None) -> bool:
        assert timeout is not None
        self.left -= 1
        return self.left < 0


def test_a_state_that_stays_as_it_is_is_split_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    read: list[Path] = []

    def newest(workdir: Path) -> bytes | None:
        read.append(workdir)
        return newest_state(workdir)

    monkeypatch.setattr(state_mirror, "newest_state", newest)
    carried = mirror(tmp_path, MemoryStore(), [])
    (tmp_path / STATE).write_bytes(composed(ONE))
    monkeypatch.setattr(carried, "_stop", Rounds(3))
    carried._loop()
    assert len(read) == 1


def test_what_somebody_removed_meanwhile_is_written_again(tmp_path: Path) -> None:
    store, written = MemoryStore(), list[Address]()
    carried = mirror(tmp_path, store, written)
    begin(tmp_path)
    (tmp_path / STATE).write_bytes(composed(ONE, OTHER))
    carried.sync()
    before = store.states.pop(str(ONE))
    assert carried.check() == [ONE]
    assert store.states[str(ONE)] == before
    assert carried.check() == []
    assert written == [ONE, OTHER, ONE]


def test_what_somebody_else_wrote_is_not_overwritten(tmp_path: Path) -> None:
    store = MemoryStore()
    carried = mirror(tmp_path, store, [])
    (tmp_path / STATE).write_bytes(composed(ONE))
    carried.sync()
    store.states[str(ONE)] += b" "
    with pytest.raises(PytgError, match=f"somebody else wrote the state of {ONE}") as raised:
        carried.check()
    assert f"pytg recover {ONE}" in raised.value.hint


def test_what_is_about_to_be_written_is_noted_first(tmp_path: Path) -> None:
    store = Failing(PytgError("no network"))
    carried = mirror(tmp_path, store, [])
    begin(tmp_path)
    (tmp_path / STATE).write_bytes(composed(ONE))
    with pytest.raises(PytgError):
        carried.sync()
    first = noted(tmp_path)
    assert first is not None
    carried.sync()
    found = noted(tmp_path)
    assert found is not None
    assert found[str(ONE)] == first[str(ONE)] | {version_of(store.states[str(ONE)])}


def test_where_the_directory_is_cleared_the_last_state_is_known(tmp_path: Path) -> None:
    workdir, store = tmp_path / "w", Failing(PytgError("no network"))
    workdir.mkdir()
    carried = mirror(workdir, store, [])
    (workdir / STATE).write_bytes(composed(ONE))
    with pytest.raises(PytgError):
        carried.sync()
    shutil.rmtree(workdir)
    carried.sync()
    assert carried.newest == composed(ONE)
    assert set(store.states) == {str(ONE)}


@pytest.mark.parametrize("how", ["removed", "moved", "replaced"])
def test_what_terraform_writes_is_read_also_where_somebody_took_the_file_away(
    tmp_path: Path, how: str
) -> None:
    workdir, store = tmp_path / "w", MemoryStore()
    workdir.mkdir()
    (workdir / STATE).write_bytes(composed())
    with mirror(workdir, store, []) as carried, (workdir / STATE).open("r+b") as terraform:
        carried.sync()
        if how == "removed":
            shutil.rmtree(workdir)
        elif how == "moved":
            workdir.rename(tmp_path / "elsewhere")
        else:
            (workdir / STATE).unlink()
            (workdir / STATE).write_bytes(composed(OTHER))
        terraform.write(composed(ONE))
    carried.sync()
    assert carried.newest == composed(ONE)
    assert set(store.states) == {str(ONE)}


def test_what_terraform_could_not_write_is_newer_than_the_file_it_has_open(tmp_path: Path) -> None:
    store = MemoryStore()
    (tmp_path / STATE).write_bytes(composed())
    with mirror(tmp_path, store, []) as carried:
        (tmp_path / STATE).unlink()
        (tmp_path / ERRORED_STATE).write_bytes(composed(ONE))
    carried.sync()
    assert set(store.states) == {str(ONE)}


def test_a_directory_that_went_before_it_was_seen_is_no_success(tmp_path: Path) -> None:
    workdir = tmp_path / "w"
    with mirror(workdir, MemoryStore(), []) as carried:
        pass
    carried.sync()
    with pytest.raises(PytgError, match="was removed while Terraform applied"):
        carried.require_last()


@pytest.mark.parametrize("held", [composed(), composed(ONE)])
def test_outputs_alone_are_written_of_units_that_came_to_their_end(
    tmp_path: Path, held: bytes
) -> None:
    """Terraform notes them of units too that it skips, since something upstream failed."""
    store, written = MemoryStore(), list[Address]()
    carried = mirror(tmp_path, store, written)
    (tmp_path / STATE).write_bytes(held)
    carried.sync()
    before = list(written)
    state = json.loads(held)
    state["outputs"] = {f"{ONE.slug}__known": {"value": "x", "type": "string"}}
    (tmp_path / STATE).write_text(json.dumps(state))
    carried.sync()
    carried.sync([OTHER])
    assert written == before
    carried.sync([ONE])
    assert written == [*before, ONE]
    assert json.loads(store.states[str(ONE)])["outputs"] == {
        "known": {"value": "x", "type": "string"}
    }
