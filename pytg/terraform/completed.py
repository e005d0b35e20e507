"""How a Terraform process ended, and why."""

from __future__ import annotations

from dataclasses import dataclass

from pytg.processes import signal_name
from pytg.terraform.event_stream import Diagnostic

PANIC = 11  # Terraform's exit code after a crash of its own
CHANGES = 2  # and that of `plan -detailed-exitcode` with changes


@dataclass(frozen=True, slots=True)
class Completed:
    """How a process ended.

    `exit_code` is negative when a signal ended it. `diagnostics` are those of the JSON stream;
    `stderr` is the end of what it wrote there; `strays`: it wrote lines that are no events.
    """

    name: str
    exit_code: int
    diagnostics: tuple[Diagnostic, ...]
    stderr: str
    interrupted: bool = False
    killed: bool = False
    changes: bool = False
    strays: bool = False

    @property
    def ok(self) -> bool:
        """It succeeded; with `-detailed-exitcode`, `changes` says whether it found any."""
        return self.exit_code == 0 or self.changes

    @property
    def crashed(self) -> bool:
        """A signal ended it, or it panicked: its last events may be missing."""
        return self.exit_code < 0 or self.exit_code == PANIC

    @property
    def errors(self) -> tuple[Diagnostic, ...]:
        return tuple(d for d in self.diagnostics if d.severity == "error")

    def explain(self) -> str:
        """Why it failed, in Terraform's own words where there are any."""
        if self.exit_code < 0:
            by = "pytg" if self.killed or self.interrupted else "something else"
            return f"terraform {self.name} was ended by {signal_name(-self.exit_code)} from {by}"
        if self.exit_code == PANIC:
            return f"terraform {self.name} crashed: {self.stderr.strip()}"
        words = "\n".join(str(d) for d in self.errors) or self.stderr.strip()
        return words or f"terraform {self.name} ended with exit code {self.exit_code}"
