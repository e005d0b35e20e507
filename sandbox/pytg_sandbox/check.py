"""What `pytg doctor` says of the embedded AWS."""

from __future__ import annotations

import importlib.metadata
from collections.abc import Iterator
from pathlib import Path

from pytg.emulator import INSTALL
from pytg.plugin import MISSING, NOTE, OK, Check
from pytg.project import Project
from pytg_sandbox.control import MOTO, Sandbox, sandbox_directory

NAME = "sandbox"


def check(root: Path, project: Project | None) -> Iterator[Check]:
    """Nothing where no account of the project is the embedded AWS."""
    if project is not None and not any(account.sandbox for account in project.accounts()):
        return
    needed = project is not None
    try:
        found = importlib.metadata.version("moto")
    except importlib.metadata.PackageNotFoundError as error:
        yield Check(NAME, MISSING if needed else NOTE, f"not installed: {error}", INSTALL)
        return
    if found != MOTO:
        text = f"needs moto {MOTO} and finds moto {found}"
        yield Check(NAME, MISSING if needed else NOTE, text, INSTALL)
        return
    running = Sandbox(sandbox_directory(root)).status()
    if running is None:
        hint = "start it: pytg sandbox start" if needed else ""
        yield Check(NAME, NOTE if needed else OK, "installed, not running", hint)
    else:
        yield Check(NAME, OK, f"runs at {running.url}")
