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
from typing import Any

from pytg import exact_json
from pytg.compose.shape import Shape
from pytg.errors import Refused
from pytg.files import write_atomic
from pytg.model import Account, Address, AssumeRole, Backend, Unit
from pytg.processes import ProcessId

JOURNAL = "journal.json"
STATE = "terraform.tfstate"
SNAPSHOT = "snapshot.tfstate"
HOLD = "terraform.hold"
TAKE_OVER = "PYTG_TAKE_OVER"
LOCKING, APPLYING, WRITTEN = "locking", "applying", "written"


def is_alive(process: ProcessId) -> bool:
    """Whether a process in a journal still runs. Raises Refused for one of another host."""
    if process.here:
        return process.alive
    if os.environ.get(TAKE_OVER) == process.host:
        return False
    raise Refused(
        f"an unfinished apply was started on the host {process.host}",
        hint=f"run pytg there; or, if that machine is gone, here with "
        f"{TAKE_OVER}={process.host}: its state is then recovered",
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

    @classmethod
    def parse(cls, data: dict[str, Any]) -> Locked:
        """The inverse of `dataclasses.asdict`. Raises KeyError or TypeError."""
        address = Address(**data["address"])
        account, role = data["account"], data["account"]["assume_role"]
        early = data["shape"].get("early")
        shape = {**data["shape"], "address": address, "upstream": frozenset()}
        shape["early"] = None if early is None else frozenset(early)
        return cls(
            address,
            Account(**{**account, "assume_role": AssumeRole(**role) if role else None}),
            Backend(**data["backend"]),
            data["bootstrap"],
            Shape(**shape),
        )


@dataclass(frozen=True, slots=True)
class Journal:
    """An apply under way. `lock_id` is the id of every lock it took.

    Only in the phase `applying` may there be state to recover: before it locks are taken, after
    it they are given back. `serials` are those of the states that the plan was made from.

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
    phase: str = APPLYING
    serials: Mapping[str, int] = field(default_factory=dict)

    @property
    def writes(self) -> frozenset[Address]:
        """The units whose state it may write."""
        return frozenset(unit.address for unit in self.locked)

    def write(self, workdir: Path) -> None:
        """Write durably and atomically."""
        text = json.dumps(asdict(self), indent=2, sort_keys=True, default=sorted) + "\n"
        write_atomic(workdir / JOURNAL, text.encode())

    def enter(self, workdir: Path, phase: str) -> Journal:
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
        """The journal in `workdir`. Raises Refused when it cannot be understood."""
        try:
            data = json.loads((workdir / JOURNAL).read_text())
            for name in ("pytg", "terraform"):
                data[name] = ProcessId.parse(data[name]) if data[name] else None
            data["units"] = tuple(data["units"])
            data["locked"] = tuple(map(Locked.parse, data["locked"]))
            return cls(**data)
        except (ValueError, KeyError, TypeError) as error:
            raise Refused(
                f"{workdir / JOURNAL} cannot be understood: {error}",
                hint=f"it guards {workdir / STATE}: keep that state, and remove the journal only "
                "when every unit in it is safe",
            ) from error


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

    Terraform truncates and writes its local state in place, so the file may be half written:
    the snapshot is the last one that pytg saw whole.
    """
    for name in (STATE, SNAPSHOT):
        try:
            body = (workdir / name).read_bytes()
            exact_json.loads(body)["resources"]
        except (OSError, ValueError, KeyError):
            continue
        return body
    return None
