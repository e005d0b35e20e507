"""`pytg destroy`."""

from __future__ import annotations

from pytg.cli._run import run_command

command = run_command("destroy", "Plan the destruction, show it, ask, and destroy.")
