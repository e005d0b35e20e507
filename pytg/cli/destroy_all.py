"""`pytg destroy-all`."""

from __future__ import annotations

from pytg.cli._run import run_command

command = run_command("destroy-all", "destroy, for the whole estate.")
