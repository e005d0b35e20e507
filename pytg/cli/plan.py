"""`pytg plan`."""

from __future__ import annotations

from pytg.cli._run import run_command

command = run_command("plan", "Show what would change, in one true plan of the selected units.")
