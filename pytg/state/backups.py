"""Backups of states: kept before anything but Terraform overwrites one.

They lie in `.pytg/backups/<slug of the unit>/<UTC time>-<serial>-<why>.tfstate`, readable by
their owner only: states hold secrets in clear.
"""

from __future__ import annotations

import contextlib
import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from pytg import exact_json
from pytg.errors import Refused
from pytg.files import private_directory, write_atomic
from pytg.model import Address
from pytg.state.state_store import STATE_SUFFIX

BACKUPS = Path(".pytg", "backups")
KEPT = 20  # a unit
_TIME = "%Y%m%dT%H%M%S.%fZ"
_STEP = timedelta(microseconds=1)
_NO_SERIAL = "x"  # of what is no state
_NAME = re.compile(r"(?P<at>\d{8}T\d{6}\.\d{6}Z)-(?P<serial>\d+|x)-(?P<why>[a-z0-9-]+)")


@dataclass(frozen=True, slots=True)
class Backup:
    """A state as it was before it was overwritten. `serial` is None where it was no whole state.

    `why` is one word or more, joined by `-`, such as `recovery`; `name` is what a person calls it.
    """

    unit: Address
    file: Path
    at: datetime
    serial: int | None
    why: str

    @property
    def name(self) -> str:
        """`<UTC time>-<serial>-<why>`."""
        return self.file.name.removesuffix(STATE_SUFFIX)

    def read(self) -> bytes:
        """Its bytes. Raises Refused where they cannot be read."""
        try:
            return self.file.read_bytes()
        except OSError as error:
            raise Refused(
                f"the backup {self.file} cannot be read: {error.strerror}",
                hint="choose another one, or mend what keeps it from being read",
            ) from error


def keep(
    root: Path,
    unit: Address,
    body: bytes,
    why: str,
    *,
    now: Callable[[], datetime] = lambda: datetime.now(UTC),
) -> Backup:
    """Keep `body`, the state of `unit` that is about to be overwritten; durable on return.

    The same bytes as in the newest backup are not kept twice. Of a unit the newest `KEPT` stay.
    Raises Refused where it cannot be written: then the state must not be overwritten.
    """
    directory = root / BACKUPS / unit.slug
    serial, words = _serial(body), re.sub(r"[^a-z0-9]+", "-", why.lower()).strip("-") or "kept"
    text = _NO_SERIAL if serial is None else str(serial)
    try:
        before = backups(root, unit)
        if before and before[-1].file.read_bytes() == body:
            return before[-1]
        at = max([now(), *(old.at + _STEP for old in before[-1:])])  # the newest is the last
        file = directory / f"{at.strftime(_TIME)}-{text}-{words}{STATE_SUFFIX}"
        private_directory(root / BACKUPS)
        private_directory(directory)
        write_atomic(file, body)
    except OSError as error:
        raise Refused(
            f"the state of {unit} is not overwritten, for no backup of it can be kept in "
            f"{directory}: {error.strerror}",
            hint="make that directory writable, with room on its disk, and run pytg again",
        ) from error
    for old in before[: max(0, len(before) + 1 - KEPT)]:
        with contextlib.suppress(OSError):
            old.file.unlink()
    return Backup(unit, file, at, serial, words)


def backups(root: Path, unit: Address) -> list[Backup]:
    """The backups of the state of `unit`, the oldest first."""
    files = sorted((root / BACKUPS / unit.slug).glob(f"*{STATE_SUFFIX}"))
    return [found for file in files if (found := _known(unit, file)) is not None]


def _known(unit: Address, file: Path) -> Backup | None:
    """The backup in `file`; None where its name is not one that `keep` gives."""
    parts = _NAME.fullmatch(file.name.removesuffix(STATE_SUFFIX))
    if parts is None:
        return None
    try:
        at = datetime.strptime(parts["at"], _TIME).replace(tzinfo=UTC)
    except ValueError:
        return None
    serial = None if parts["serial"] == _NO_SERIAL else int(parts["serial"])
    return Backup(unit, file, at, serial, parts["why"])


def _serial(body: bytes) -> int | None:
    try:
        found = exact_json.loads(body)["serial"]
    except (ValueError, KeyError, TypeError):
        return None
    return found if isinstance(found, int) else None
