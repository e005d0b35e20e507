"""The environment `dev` whole, on an embedded AWS of its own, once a session."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from deployed import Deployed
from estate import copy_estate
from pytg.emulator import sandbox_directory
from pytg_sandbox.control import Sandbox
from support.project import Project

DEV = ("--env", "dev")


@pytest.fixture(scope="session")
def deployed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Deployed]:
    """Planned in one process and applied as planned; the last test that uses it destroys it."""
    root = copy_estate(tmp_path_factory.mktemp("deployed") / "estate")
    project = Project(root)
    sandbox = Sandbox(sandbox_directory(root))
    sandbox.start()
    try:
        first = project.pytg("plan", *DEV, "--json")
        planned = [c for c in project.commands() if c != "init"]
        assert planned == ["plan"], "the first plan of a new environment is one process"
        done = project.pytg("apply-all", *DEV, "--yes", "--json")
        assert done.document["changes"] == first.document["changes"]
        assert set(project.statuses(done).values()) == {"succeeded"}
        yield Deployed(root, "dev")
    finally:
        sandbox.stop()
