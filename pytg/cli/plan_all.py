"""`pytg plan-all`."""

from __future__ import annotations

from pytg.cli._run import run_command

command = run_command("plan-all", "plan, for the whole estate.")
