"""Carries a growing composed state into the units' own states while Terraform runs."""

from __future__ import annotations

import contextlib
import os
import threading
from collections.abc import Callable, Collection, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Self

from pytg import exact_json
from pytg.compose.shape import Shape
from pytg.compose.state_document import State, parse_state, state_text
from pytg.compose.state_merge import next_state, split_state
from pytg.errors import PytgError
from pytg.files import write_atomic
from pytg.model import Address, Unit
from pytg.recovery.journal import ERRORED_STATE, SNAPSHOT, STATE, newest_state
from pytg.recovery.written import note
from pytg.state.state_reader import StateReader, UnitState
from pytg.state.state_store import version_of

_WRITERS = 8
_INTERVAL_S = 0.5


class StateMirror:
    """Splits the state in `workdir` and writes the parts that changed.

    Used as a context manager it does so about twice a second in the background, until it is
    left; what cannot be written then is tried again, and raised by the last `sync`. It keeps the
    file open: Terraform writes it in place, and tells nobody that it is in no directory any more.
    """

    def __init__(
        self,
        workdir: Path,
        units: Sequence[tuple[Unit, Shape]],
        held: Mapping[Address, UnitState],
        states: StateReader,
        on_write: Callable[[Address, int], None],
    ) -> None:
        self._workdir = workdir
        self._units = {shape.slug: unit for unit, shape in units}
        self._shapes = [shape for _, shape in units]
        self._current: dict[str, State | None] = {
            slug: held[unit.address].state for slug, unit in self._units.items()
        }
        self._states = states
        self._on_write = on_write
        self._versions = {slug: held[unit.address].version for slug, unit in self._units.items()}
        self._seen: tuple[int, int] | None = None
        self.newest: bytes | None = None  # the last whole state that was seen
        self._file: int | None = None
        self._taken: bytes | None = None
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._loop, name="mirror", daemon=True)

    def __enter__(self) -> Self:
        with contextlib.suppress(OSError):
            self._file = os.open(self._workdir / STATE, os.O_RDONLY | os.O_CLOEXEC)
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join()
        if self._file is not None:
            self._taken = self._out_of_reach()
            os.close(self._file)
            self._file = None

    @property
    def units(self) -> frozenset[Address]:
        """Those whose states it writes."""
        return frozenset(unit.address for unit in self._units.values())

    def sync(self, ended: Collection[Address] = ()) -> None:
        """Write what changed since the last time. PytgError or OSError when a write fails.

        Terraform notes outputs that it knows ahead also of a unit that it then comes to do nothing
        in. Where only outputs changed, the state is written of units in `ended` alone: they came
        to their end.
        """
        body = self._whole()
        if body is None:
            return
        self.newest = body
        with contextlib.suppress(OSError):  # the units' own states are the better place
            write_atomic(self._workdir / SNAPSHOT, body)
        parts = split_state(exact_json.loads(body), self._shapes)
        changed = {
            slug: after
            for slug, part in sorted(parts.items())
            if (after := next_state(self._current[slug], part)) is not None
            and (self._units[slug].address in ended or _touched(self._current[slug], after))
        }
        bodies = {slug: state_text(after) for slug, after in changed.items()}
        if bodies:
            versions = {str(self._units[s].address): version_of(b) for s, b in bodies.items()}
            note(self._workdir, versions)
        with ThreadPoolExecutor(_WRITERS) as pool:
            list(pool.map(lambda slug: self._write(slug, changed[slug], bodies[slug]), bodies))

    def _whole(self) -> bytes | None:
        """The newest whole state; somebody may clear the directory, or replace the file in it."""
        return self._out_of_reach() or newest_state(self._workdir) or self.newest

    def require_last(self) -> None:
        """After a Terraform that ended well: raise PytgError where what it wrote last is gone."""
        if self._taken is None and not (self._workdir / STATE).exists():
            raise PytgError(
                f"{self._workdir} was removed while Terraform applied, with its newest state",
                hint="what it made is named; the next plan imports what it can find of it",
            )

    def _out_of_reach(self) -> bytes | None:
        """What Terraform has written where no name leads any more, if that is so."""
        if self._file is None:
            return self._taken
        path, there = self._workdir / STATE, os.fstat(self._file)
        with contextlib.suppress(OSError):  # there is no such path
            if (self._workdir / ERRORED_STATE).exists() or os.path.samestat(there, path.stat()):
                return None
        with contextlib.suppress(OSError, ValueError):
            body = os.pread(self._file, there.st_size, 0)
            parse_state(body)
            return body
        return None

    def check(self) -> list[Address]:
        """After the last `sync`: write again what somebody removed meanwhile; those units.

        Raises PytgError where a state is another one than was read or written: under the lock.
        """
        now = self._states.read(self._units.values())
        again: list[Address] = []
        for slug, unit in self._units.items():
            found, state = now[unit.address], self._current[slug]
            if found.version == self._versions[slug]:
                continue
            if found.state is not None:
                raise PytgError(
                    f"somebody else wrote the state of {unit.address} while this run applied it",
                    hint=f"what this run made is kept: `pytg recover {unit.address}` says more",
                )
            if state is not None:
                body = state_text(state)
                note(self._workdir, {str(unit.address): version_of(body)})
                self._write(slug, state, body)
                again.append(unit.address)
        return again

    def _write(self, slug: str, state: State, body: bytes) -> None:
        unit = self._units[slug]
        self._versions[slug] = self._states.store(unit).write(unit.backend.key, body)
        self._current[slug] = state
        self._on_write(unit.address, state["serial"])

    def _loop(self) -> None:
        while not self._stop.wait(_INTERVAL_S):
            stamp = self._stamp()
            if stamp is None or stamp == self._seen:
                continue
            try:
                self.sync()
            except (PytgError, OSError):
                continue  # the disk or the backend may answer again; the last sync raises it if not
            self._seen = stamp

    def _stamp(self) -> tuple[int, int] | None:
        try:
            stat = (self._workdir / STATE).stat() if self._file is None else os.fstat(self._file)
        except OSError:
            return None
        return stat.st_mtime_ns, stat.st_size


def _touched(before: State | None, after: State) -> bool:
    """Whether a managed resource has changed."""
    return _managed(before) != _managed(after)


def _managed(state: State | None) -> list[State]:
    return [r for r in (state["resources"] if state else ()) if r["mode"] == "managed"]
