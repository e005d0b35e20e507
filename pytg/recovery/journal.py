"""The journal of a composed apply: all that another process needs to finish it, should it die.

`journal.json` lies beside the local state that Terraform writes. It is there from before the
apply starts until every unit's state is written; whoever finds it recovers that state first.
"""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Final, Literal

from pydantic import TypeAdapter
from pydantic_core import from_json

from pytg.compose.shape import Shape
from pytg.compose.state_document import parse_state
from pytg.errors import Refused
from pytg.files import write_atomic
from pytg.model import Account, Address, Backend, Unit
from pytg.processes import ProcessId
from pytg.record.reader import RUNS
from pytg.record.types import problem

JOURNAL = "journal.json"
COPY = "journal.copy.json"  # one of the two may be damaged or gone
STREAM = "apply.jsonl"  # what the Terraform that applies tells of, as it comes
STATE = "terraform.tfstate"
SNAPSHOT = "snapshot.tfstate"
ERRORED_STATE = "errored.tfstate"  # what Terraform leaves where it could not write its state
HOLD = "terraform.hold"
TAKE_OVER = "PYTG_TAKE_OVER"
Phase = Literal["locking", "applying", "written"]
LOCKING: Final = "locking"
APPLYING: Final = "applying"
WRITTEN: Final = "written"


def is_alive(process: ProcessId) -> bool:
    """Whether a process in a journal still runs. Raises Refused for one of another host."""
    if process.here:
        return process.alive
    if os.environ.get(TAKE_OVER) == process.host:
        return False
    raise Refused(
        f"an unfinished apply was started on the host {process.host}",
        hint=f"run pytg there; or, if that machine is gone, `pytg take-over {process.host}` here: "
        "its state is then recovered",
    )


@dataclass(frozen=True, slots=True)
class Locked:
    """A unit whose state the apply may write: all that it takes to write it.

    The configuration may be another one when that is done.
    """

    address: Address
    account: Account
    backend: Backend
    bootstrap: bool
    shape: Shape

    @classmethod
    def of(cls, unit: Unit, shape: Shape) -> Locked:
        """What a journal remembers of `unit`."""
        plain = replace(shape, aliases=dict(shape.aliases), upstream=frozenset())
        return cls(unit.address, unit.account, unit.backend, unit.bootstrap, plain)


@dataclass(frozen=True, slots=True)
class Journal:
    """An apply under way. `lock_id` is the id of every lock it took.

    Only in the phase `applying` may there be state to recover: before it locks are taken, after
    it they are given back. `versions` are those of the states that the plan was made from, None
    where there was none; `creates` are the resources that it creates, inside their unit's module,
    and `fresh` those of them in whose place there was nothing before.

    `locked` are the units whose state it may write, `units` all addresses in the merged
    state; `terraform` is None until the process has started and its pid is noted.
    """

    run_id: str
    lock_id: str
    units: tuple[str, ...]
    locked: tuple[Locked, ...]
    pytg: ProcessId
    terraform: ProcessId | None = None
    events: str = ""
    phase: Phase = APPLYING
    versions: Mapping[str, str | None] = field(default_factory=dict)
    creates: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    fresh: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    @property
    def writes(self) -> frozenset[Address]:
        """The units whose state it may write."""
        return frozenset(unit.address for unit in self.locked)

    @property
    def planned(self) -> dict[Address, tuple[str, ...]]:
        """The resources that it creates, by unit."""
        return {Address.parse(unit): names for unit, names in self.creates.items()}

    @property
    def planned_fresh(self) -> dict[Address, tuple[str, ...]]:
        """`fresh`, by unit."""
        return {Address.parse(unit): names for unit, names in self.fresh.items()}

    def write(self, workdir: Path) -> None:
        """Write durably and atomically."""
        text = json.dumps(asdict(self), indent=2, sort_keys=True, default=sorted) + "\n"
        for name in (COPY, JOURNAL):
            write_atomic(workdir / name, text.encode())

    def enter(self, workdir: Path, phase: Phase) -> Journal:
        """Record the next phase."""
        journal = replace(self, phase=phase)
        journal.write(workdir)
        return journal

    def started(self, workdir: Path, pid: int) -> Journal:
        """Record the Terraform process."""
        journal = replace(self, terraform=ProcessId.of(pid))
        journal.write(workdir)
        return journal

    @classmethod
    def read(cls, workdir: Path) -> Journal:
        """The journal in `workdir`.

        Raises FileNotFoundError where there is none, and Refused where neither it nor its copy
        can be understood.
        """
        try:
            return _parsed(workdir / JOURNAL)
        except (OSError, ValueError, KeyError, TypeError) as error:
            with contextlib.suppress(OSError, ValueError, KeyError, TypeError):
                return _parsed(workdir / COPY)
            if isinstance(error, FileNotFoundError) and not (workdir / COPY).exists():
                raise
            raise Refused(
                f"{workdir / JOURNAL} cannot be understood, nor can {COPY}: {problem(error)}",
                hint=f"it guards {workdir / STATE}: bring a copy of the journal back, or move that "
                "directory to a safe place and import what only that state holds",
            ) from error

    def stream(self, root: Path, workdir: Path) -> Path:
        """Where Terraform's events are; before 0.2 they were in the directory of the run only."""
        beside = workdir / STREAM
        return beside if beside.exists() else root / RUNS / self.run_id / self.events


_JOURNAL = TypeAdapter(Journal)


def pending(workdir: Path) -> bool:
    """Whether there is a journal in `workdir`."""
    return (workdir / JOURNAL).exists() or (workdir / COPY).exists()


def _parsed(file: Path) -> Journal:
    data = from_json(file.read_bytes())
    for name in ("pytg", "terraform"):
        data[name] = ProcessId.parse(data[name]) if data[name] else None
    return _JOURNAL.validate_python(data)


@contextlib.contextmanager
def holding(workdir: Path) -> Iterator[int]:
    """A descriptor for Terraform to inherit; until all who have it ended, `terraform_holds`.

    So a Terraform is known from the moment it is started, before its pid can be noted.
    """
    path = workdir / HOLD
    path.unlink(missing_ok=True)  # what an earlier apply started may still hold that file
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield descriptor
    finally:
        os.close(descriptor)


def terraform_holds(workdir: Path) -> bool:
    """Whether a process that inherited the descriptor of `holding` still runs."""
    try:
        with (workdir / HOLD).open("r+b") as file:
            fcntl.flock(file.fileno(), fcntl.LOCK_EX | fcntl.LOCK_NB)
    except FileNotFoundError:
        return False
    except BlockingIOError:
        return True
    return False


def newest_state(workdir: Path) -> bytes | None:
    """The newest whole state in `workdir`.

    What Terraform could not write is newer than what it wrote last. It truncates and writes its
    local state in place, so that file may be half written: the snapshot is the last one that
    pytg saw whole.
    """
    for name in (ERRORED_STATE, STATE, SNAPSHOT):
        try:
            body = (workdir / name).read_bytes()
            parse_state(body)
        except (OSError, ValueError):
            continue
        return body
    return None
