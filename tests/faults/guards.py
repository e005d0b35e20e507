"""Guards taken out of a copy of pytg on purpose: the harness must notice each.

`python -m faults.guards` (`make faults-guards`) tries all, or those that are named; a test tries
one. That what Terraform could not write is taken up is not among them, nor that room on the disk
is kept free: what is lost without them is named, which a round allows.
`tests/e2e/test_e2e_crash.py` and `tests/unit/recovery/test_recovery_reserve.py` hold them.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

from faults.kinds import KINDS
from faults.remote import REMOTE

ROOT = Path(__file__).parents[2]
SEED = 11
EACH = 6  # rounds of each kind


@dataclass(frozen=True)
class Guard:
    """In `file`, `old` becomes `new`; rounds of `kinds`, `remote` ones or not, show it."""

    file: str
    old: str
    new: str
    kinds: tuple[str, ...]
    remote: bool = False

    def rounds(self) -> list[str]:
        """Numbers of rounds of its kinds, each kind in turn."""
        every = list(REMOTE if self.remote else KINDS)
        places = [every.index(kind) for kind in self.kinds]
        return [str(turn * len(every) + place) for turn in range(EACH) for place in places]

    def take_out(self, package: Path) -> None:
        """Raises ValueError where the source is no longer what it was."""
        path = package / self.file
        text = path.read_text(encoding="utf-8")
        if text.count(self.old) != 1:
            raise ValueError(f"{path}: not there once: {self.old}")
        path.write_text(text.replace(self.old, self.new), encoding="utf-8")


GUARDS = {
    "no journal is written": Guard(
        "recovery/journal.py",
        "write_atomic(workdir / name, text.encode())",
        "assert text",
        ("kill",),  # without one the locks stay where no process holds them
        remote=True,
    ),
    "locks are not released": Guard(
        "run/composed_apply.py",
        "    for file in clear(workdir, journal=locks.release()):",
        "    for file in clear(workdir):",
        ("kill", "signal"),
    ),
    "what was in flight is not remembered": Guard(
        "recovery/in_flight.py",
        "return dict(sorted(found.items()))",
        "return {}",
        ("foreign", "kill", "kill again"),
    ),
    "records of dead runs stay open": Guard(
        "record/reader.py",
        "current = settled(current, None, Result.INTERRUPTED, None)",
        "return current",
        ("kill",),
    ),
    "sensitive outputs are shown": Guard(
        "cli/output.py",
        "value = MASK if sensitive and not reveal else",
        "value =",
        ("secret",),
    ),
    "the composed state stays": Guard(
        "recovery/journal.py",
        'SNAPSHOT = "snapshot.tfstate"',
        'SNAPSHOT = f"snapshot-{os.getpid()}.tfstate"',
        ("kill",),
    ),
    "plan files stay": Guard(
        "recovery/composed_directory.py",
        "            path.unlink(missing_ok=True)\n",
        "            assert path\n",
        ("kill", "secret"),
    ),
    "hashes of states are not compared": Guard(
        "recovery/one_unit.py",
        "if left.use is None and not _is_known(unit, current, after, left):",
        "if not unit:",
        ("foreign",),
    ),
    "no backup is kept before a state is overwritten": Guard(
        "recovery/one_unit.py",
        'keep(left.root, unit.address, stored.body, "recovery")',
        "assert stored",
        ("kill", "kill once more"),
    ),
    "the lease of a run is not looked at": Guard(
        "cli/unlock.py",
        'return "" if age >= EXPIRES_S else f"it said {age:.0f} s ago that it lives"',
        'return ""',
        ("unlock",),
        remote=True,
    ),
}


def noticed(name: str, place: Path) -> str:
    """What the harness says with that guard out; empty where it notices nothing."""
    guard = GUARDS[name]
    ignored = shutil.ignore_patterns("__pycache__")
    package = Path(shutil.copytree(ROOT / "pytg", place / "copy" / "pytg", ignore=ignored))
    guard.take_out(package)
    paths = (package.parent, ROOT / "tests", ROOT / "sandbox")
    done = subprocess.run(
        [
            *(sys.executable, "-m", "faults", "--first"),
            *(["--remote"] if guard.remote else []),
            *(str(SEED), *guard.rounds()),
        ],
        cwd=place,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(map(str, paths))},
        capture_output=True,
        text=True,
        check=False,
    )
    return done.stdout + done.stderr if done.returncode else ""


def main() -> int:
    """Try every guard, or those that are named; 1 where one is not noticed."""
    missed = []
    for name in sys.argv[1:] or GUARDS:
        with tempfile.TemporaryDirectory() as place:
            found = noticed(name, Path(place))
        plain = (line for line in found.splitlines() if not line.startswith((" ", "FAULTS_")))
        shown = next(filter(None, plain), "")
        sys.stdout.write(f"{'noticed' if found else 'MISSED '}  {name}\n    {shown[:600]}\n")
        sys.stdout.flush()
        missed += [] if found else [name]
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
