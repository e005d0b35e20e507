"""`pytg apply`."""

from __future__ import annotations

from pytg.cli._run import run_command

command = run_command(
    "apply", "Plan, show, ask, and apply exactly that plan, or that in BUNDLE.", of_bundle=True
)
