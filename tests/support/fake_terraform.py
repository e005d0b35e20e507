"""A `terraform` that makes nothing: it records how it was called and does as it is told.

`FakeTerraform.install(directory)` puts it there as `terraform`: support/fake_program.py. It reads
its rules from `rules.json` beside it and appends to `calls.jsonl`. A rule holds for the commands
and working directories that it names, and the first that fits counts:

    command      "plan", "apply", ...; any when left out
    cwd          a part of the working directory's path; any when left out
    unless       a file; once it is there the rule holds no longer
    resources    addresses that a plan creates, for `plan`, `apply` and `show`
    after        what `show` says of a plan's resources: attributes by address
    events       objects to print instead of what the command prints by itself
    text         lines printed before the events, as they are
    stderr       text for standard error
    touch        a file to create when it starts
    writes       texts of files to write where it runs, by name
    wait_for     a file to wait for before it ends: order is proved with files, not with clocks
    on_sigint    "finish" (end at once, exit code 1) or "ignore"; default "finish"
    exit         the exit code; else 0, and 2 for `plan -detailed-exitcode` with resources
    kill         true: end by SIGKILL, as a crash does
    saves        false: write no state, as where somebody removed the file meanwhile

An apply that ends well in a root whose state lies in a file elsewhere, as a unit's own does, adds
the plan's resources to that state.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

from support import fake_program

# -S and -E: it starts in a third of the time without what is installed; compiled once, for all
PROGRAM = """\
#!{python} -SE
import sys
sys.path.insert(0, {directory!r})
from fake_program import main
sys.exit(main(sys.argv[1:]))
"""


class FakeTerraform:
    """The test's side: install it, give it rules, read what it recorded."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self.path = directory / "terraform"
        self._rules: list[dict] = []

    @classmethod
    def install(cls, directory: Path) -> FakeTerraform:
        """Put the executable into `directory`, to be found through PATH or PYTG_TERRAFORM."""
        directory.mkdir(parents=True, exist_ok=True)
        fake = cls(directory)
        there = str(Path(fake_program.__file__).parent)
        text = PROGRAM.format(python=sys.executable, directory=there)
        fake.path.write_text(text, encoding="utf-8")
        fake.path.chmod(0o755)
        return fake

    def rule(self, **rule: object) -> None:
        """Add a rule; see above for its keys."""
        self._rules.append({k: str(v) if isinstance(v, Path) else v for k, v in rule.items()})
        fresh = self.directory / "rules.new"
        fresh.write_text(json.dumps(self._rules), encoding="utf-8")
        fresh.replace(self.directory / "rules.json")

    def calls(self, command: str | None = None) -> list[dict]:
        """The calls in the order of their start, without those for the version.

        Each has `argv` (without the program), `cwd`, `env`, `pid`, `command`, and `exit`, which
        is None while it runs and after a crash.
        """
        path = self.directory / "calls.jsonl"
        lines = path.read_text(encoding="utf-8").splitlines() if path.exists() else []
        calls: dict[int, dict] = {}
        for entry in map(json.loads, lines):
            if entry["what"] == "start":
                calls[entry["pid"]] = {**entry, "exit": None}
            else:
                calls[entry["pid"]]["exit"] = entry["exit"]
        if command is not None:
            return [call for call in calls.values() if call["command"] == command]
        return [call for call in calls.values() if call["command"] != "version"]

    def order(self) -> list[tuple[str, str, str]]:
        """Every start and end as it came: ("start" or "end", command, last part of the cwd)."""
        path = self.directory / "calls.jsonl"
        lines = path.read_text(encoding="utf-8").splitlines() if path.exists() else []
        entries = [entry for entry in map(json.loads, lines) if entry["command"] != "version"]
        return [(e["what"], e["command"], Path(e["cwd"]).name) for e in entries]
