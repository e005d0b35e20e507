"""Composed against one process a unit, side by side in one run: `make bench`.

The repository's own environment, whole, on an embedded AWS of its own. Prints wall times, the
Terraform processes started, and ratios; the ratios are what to trust.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

from estate import copy_estate
from pytg.sandbox.control import Sandbox

PYTG = Path(sys.executable).with_name("pytg")


@dataclass(frozen=True, slots=True)
class Figure:
    """One measured command: seconds of wall time, Terraform processes beside init."""

    seconds: float
    processes: int


def measure(estate: Path, *arguments: str) -> Figure:
    """Run pytg once."""
    begun = time.monotonic()
    done = subprocess.run(
        [PYTG, "-C", estate, *arguments, "--env", "dev", "--json"],
        capture_output=True,
        text=True,
        check=False,
    )
    seconds = time.monotonic() - begun
    if done.returncode != 0:
        sys.exit(f"pytg {' '.join(arguments)} failed:\n{done.stderr}")
    record = Path(json.loads(done.stdout)["record"])
    started = (record.parent / "processes.jsonl").read_text().splitlines()
    commands = [json.loads(line)["argv"][1] for line in started]
    return Figure(seconds, sum(command != "init" for command in commands))


def main() -> None:
    """Both ways, each on a fresh estate and an empty AWS; then the table."""
    steps = (
        ("first apply", ("apply-all", "--yes")),
        ("plan, no changes", ("plan-all",)),
        ("apply, no changes", ("apply-all", "--yes")),
        ("destroy", ("destroy-all", "--yes")),
    )
    figures: dict[str, dict[str, Figure]] = {name: {} for name, _ in steps}
    with tempfile.TemporaryDirectory() as scratch:
        sandbox = Sandbox(Path(scratch) / "sandbox")
        os.environ["PYTG_SANDBOX_DIR"] = str(sandbox.directory)
        sandbox.start()
        try:
            for way in ("composed", "per-unit"):
                estate = copy_estate(Path(scratch) / way)
                for name, arguments in steps:
                    extra = ("--per-unit",) if way == "per-unit" else ()
                    figures[name][way] = measure(estate, *arguments, *extra)
                sandbox.reset()
        finally:
            sandbox.stop()
    print(f"{'':20}{'composed':>16}{'per unit':>16}{'ratio':>8}")
    for name, both in figures.items():
        one, other = both["composed"], both["per-unit"]
        cells = "".join(f"{f.seconds:9.1f} s {f.processes:3d} p" for f in (one, other))
        print(f"{name:20}{cells}{one.seconds / other.seconds:8.2f}")


if __name__ == "__main__":
    main()
