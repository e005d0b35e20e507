"""The `pytg` command inside the test's own process."""

from __future__ import annotations

import sys
from unittest.mock import patch

from pytg.cli._boundary import boundary
from pytg.cli.main import group


def run(*arguments: str) -> int:
    """Run `pytg ARGUMENTS` as a shell would; return the exit code."""
    with patch.object(sys, "argv", ["pytg", *arguments]):
        return boundary(group)
