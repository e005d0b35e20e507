"""A project in a directory, and pytg and plain Terraform run in it as a person would."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pytg.recovery.composed_directory import COMPOSED
from support.command import captured
from support.process import run

PYTG = Path(sys.executable).with_name("pytg")


@dataclass(frozen=True)
class Done:
    """How a command ended."""

    code: int
    out: str
    err: str

    @property
    def document(self) -> dict[str, Any]:
        """The JSON object on standard output."""
        found: dict[str, Any] = json.loads(self.out)
        return found


@dataclass(frozen=True)
class Project:
    """`environ` is added to the environment of everything that is run."""

    root: Path
    environ: Mapping[str, str] = field(default_factory=dict)

    def pytg(self, *arguments: str, expect: int | None = 0) -> Done:
        """Run pytg, in this process; the exit code must be `expect`, unless that is None."""
        done = Done(*captured(("-C", str(self.root), *arguments), self.environ))
        assert expect is None or done.code == expect, f"exit {done.code}\n{done.out}\n{done.err}"
        return done

    def start(self, *arguments: str) -> subprocess.Popen[str]:
        """Start pytg in a session of its own, and do not wait."""
        return subprocess.Popen(
            [PYTG, "-C", self.root, *arguments],
            env={**os.environ, **self.environ},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )

    def kill_both(self, process: subprocess.Popen[str]) -> None:
        """End pytg, then every Terraform and provider that it started."""
        process.kill()
        for journal in (self.root / COMPOSED).glob("*/journal.json"):
            terraform = json.loads(journal.read_text())["terraform"]
            if terraform:
                os.killpg(terraform["pid"], signal.SIGKILL)
        process.communicate()

    def signal_last(self, number: signal.Signals) -> None:
        """To the Terraform that the latest run started last, with its providers."""
        os.killpg(self._processes()[-1]["pid"], number)

    def terraform(self, address: str, *arguments: str) -> Done:
        """Plain Terraform in a unit's directory, initialised."""
        workdir = self.root / ".pytg" / "units" / address
        environ = {"TF_CLI_CONFIG_FILE": str(self.root / ".pytg" / "terraform.rc")}
        if not (self.root / ".pytg" / "terraform.rc").exists():
            environ = {"TF_CLI_CONFIG_FILE": os.devnull}
        if not (workdir / ".terraform").exists():
            first = self.run(["terraform", "init", "-input=false"], workdir, environ)
            assert first.code == 0, first.err
        return self.run(["terraform", *arguments], workdir, environ)

    def run(
        self, command: Sequence[str], cwd: Path | None = None, environ: Mapping[str, str] = {}
    ) -> Done:
        """Run any command."""
        done = run(command, cwd or Path.cwd(), {**os.environ, **self.environ, **environ})
        return Done(done.returncode, done.stdout, done.stderr)

    def units(self, *arguments: str) -> list[str]:
        """The addresses that `pytg ls` prints."""
        return self.pytg("ls", *arguments).out.split()

    def record(self, done: Done | None = None) -> dict[str, Any]:
        """The record of a `--json` run, or of the latest."""
        runs = self.root / ".pytg" / "runs"
        latest = runs / (runs / "latest").read_text().strip() / "run.json"
        path = Path(done.document["record"]) if done else latest
        found: dict[str, Any] = json.loads((self.root / path).read_text())
        return found

    def statuses(self, done: Done | None = None) -> dict[str, str]:
        """The status of each unit in a record, by module and region where that is unique."""
        return {a: unit["status"] for a, unit in self.record(done)["units"].items()}

    def commands(self) -> list[str]:
        """The Terraform commands that the latest run started."""
        return [process["argv"][1] for process in self._processes()]

    def _processes(self) -> list[dict[str, Any]]:
        runs = self.root / ".pytg" / "runs"
        file = runs / (runs / "latest").read_text().strip() / "processes.jsonl"
        return [json.loads(line) for line in file.read_text().splitlines()]

    def state(self, address: str) -> dict[str, Any] | None:
        """A unit's state where the backend is local."""
        path = self.root / ".pytg" / "state" / address / "terraform.tfstate"
        if not path.exists() or not path.read_text():
            return None
        found: dict[str, Any] = json.loads(path.read_text())
        return found
