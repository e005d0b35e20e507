"""`pytg drift`."""

from __future__ import annotations

from pytg.cli._run import run_command

command = run_command(
    "drift", "Show what changed outside of Terraform, by default in all units; exit 2 if anything."
)
