"""`python -m faults SEED ROUND...`: play these rounds, and see what fails."""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
import time
from pathlib import Path

from faults.rounds import rounds


def main() -> int:
    """1 where a round failed."""
    parser = argparse.ArgumentParser(prog="python -m faults")
    parser.add_argument("seed", type=int)
    parser.add_argument("rounds", type=int, nargs="+")
    parser.add_argument("--first", action="store_true", help="end at the first that fails")
    given = parser.parse_args()
    place = Path(os.environ.get("FAULTS_KEEP") or tempfile.mkdtemp(prefix="faults-"))
    began, failed = time.monotonic(), 0
    for found in rounds(given.seed, given.rounds, place):
        failed += 1
        sys.stdout.write(f"{found}\n\n")
        sys.stdout.flush()
        if given.first:
            break
    spent = time.monotonic() - began
    sys.stdout.write(f"{len(given.rounds)} rounds, {spent:.0f} s, {failed} failed; see {place}\n")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
