"""The `pytg` command inside the test's own process."""

from __future__ import annotations

import io
import os
import sys
from collections.abc import Mapping
from contextlib import redirect_stderr, redirect_stdout
from unittest.mock import patch

from pytg.cli._boundary import boundary
from pytg.cli.main import group


def run(*arguments: str) -> int:
    """Run `pytg ARGUMENTS` as a shell would; return the exit code."""
    with patch.object(sys, "argv", ["pytg", *arguments]):
        return boundary(group)


def captured(arguments: tuple[str, ...], environ: Mapping[str, str]) -> tuple[int, str, str]:
    """Run it with `environ` added and nobody there; the exit code, what it said, what it told."""
    out, err = io.StringIO(), io.StringIO()
    nobody = patch.object(sys, "stdin", io.StringIO())
    with nobody, patch.dict(os.environ, environ), redirect_stdout(out), redirect_stderr(err):
        code = run(*arguments)
    return code, out.getvalue(), err.getvalue()
