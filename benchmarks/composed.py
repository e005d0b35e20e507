"""Composed against one process a unit, side by side in one run: `make bench`.

Twice: the repository's own environment, whole, on an embedded AWS of its own; and an estate of
40 units without a cloud, where no provider waits for anything. Prints wall times, the Terraform
processes started, and ratios; the ratios are what to trust.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from estate import copy_estate
from pytg_sandbox.control import Sandbox

PYTG = Path(sys.executable).with_name("pytg")
WAYS = {"composed": (), "per unit": ("--per-unit",)}
STEPS = (
    ("first apply", ("apply-all", "--yes")),
    ("plan, no changes", ("plan-all",)),
    ("apply, no changes", ("apply-all", "--yes")),
    ("destroy", ("destroy-all", "--yes")),
)
LAYERS, WIDTH = 8, 5
MODULE = """\
variable "above" {
  type    = list(string)
  default = []
}

resource "terraform_data" "this" {
  count = 3
  input = join(",", var.above)
}

output "id" {
  value = terraform_data.this[0].id
}
"""


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


def compare(title: str, make: Callable[[Path], Path], scratch: Path) -> None:
    """Both ways, each on a fresh estate; then the table."""
    figures: dict[str, dict[str, Figure]] = {name: {} for name, _ in STEPS}
    for way, extra in WAYS.items():
        estate = make(scratch / way.replace(" ", "-"))
        for name, arguments in STEPS:
            figures[name][way] = measure(estate, *arguments, *extra)
    print(f"\n{title}\n{'':20}{'composed':>16}{'per unit':>16}{'ratio':>8}")
    for name, both in figures.items():
        one, other = both["composed"], both["per unit"]
        cells = "".join(f"{f.seconds:9.1f} s {f.processes:3d} p" for f in (one, other))
        print(f"{name:20}{cells}{one.seconds / other.seconds:8.2f}", flush=True)


def layered(directory: Path) -> Path:
    """An estate of LAYERS layers of WIDTH units, each unit reading all of the layer above."""
    names = [[f"l{layer}u{unit}" for unit in range(WIDTH)] for layer in range(LAYERS)]
    modules: dict[str, object] = {}
    for above, layer in zip([[], *names], names, strict=False):
        for name in layer:
            modules[name] = {
                "source": "modules/node",
                "inputs": {"above": [f"${{{upstream}.id}}" for upstream in above]},
            }
    config = {
        "project": "bench",
        "regions": {"us-east-1": {}},
        "backend": {"type": "local"},
        "modules": modules,
    }
    files = {
        "config.yaml": json.dumps(config),  # JSON is YAML
        "modules/node/main.tf": MODULE,
        "live/lab/account.yaml": "{}",
        "live/lab/us-east-1/dev/env.yaml": "{}",
    }
    for path, text in files.items():
        (directory / path).parent.mkdir(parents=True, exist_ok=True)
        (directory / path).write_text(text)
    return directory


@contextmanager
def embedded_aws(directory: Path) -> Iterator[None]:
    """A sandbox that every pytg here uses."""
    sandbox = Sandbox(directory)
    os.environ["PYTG_SANDBOX_DIR"] = str(directory)
    sandbox.start()
    try:
        yield
    finally:
        sandbox.stop()


def main() -> None:
    """Both comparisons."""
    with tempfile.TemporaryDirectory() as text:
        scratch = Path(text)
        compare(f"{LAYERS * WIDTH} units without a cloud", layered, scratch / "layered")
        with embedded_aws(scratch / "sandbox"):
            compare("the environment `dev` on the embedded AWS", copy_estate, scratch / "dev")


if __name__ == "__main__":
    main()
