"""`python -m faults SEED ROUND...`: play these rounds, and see what fails."""

from __future__ import annotations

import argparse
import contextlib
import os
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from faults.remote import Remote
from faults.rounds import rounds
from pytg_sandbox.control import Sandbox
from support.sandbox_server import SandboxServer


def main() -> int:
    """1 where a round failed."""
    parser = argparse.ArgumentParser(prog="python -m faults")
    parser.add_argument("seed", type=int)
    parser.add_argument("rounds", type=int, nargs="+")
    parser.add_argument("--first", action="store_true", help="end at the first that fails")
    parser.add_argument("--remote", action="store_true", help="rounds with the embedded AWS")
    given = parser.parse_args()
    place = Path(os.environ.get("FAULTS_KEEP") or tempfile.mkdtemp(prefix="faults-"))
    began, failed = time.monotonic(), 0
    with _remote(place) if given.remote else contextlib.nullcontext() as remote:
        for found in rounds(given.seed, given.rounds, place, remote=remote):
            failed += 1
            sys.stdout.write(f"{found}\n\n")
            sys.stdout.flush()
            if given.first:
                break
    spent = time.monotonic() - began
    sys.stdout.write(f"{len(given.rounds)} rounds, {spent:.0f} s, {failed} failed; see {place}\n")
    return 1 if failed else 0


@contextlib.contextmanager
def _remote(place: Path) -> Iterator[Remote]:
    control = Sandbox(place / "sandbox")
    control.start()
    try:
        yield Remote(SandboxServer(control))
    finally:
        control.stop()


if __name__ == "__main__":
    sys.exit(main())
