"""`pytg apply-all`."""

from __future__ import annotations

from pytg.cli._run import run_command

command = run_command("apply-all", "apply, for the whole estate.")
