"""States on the embedded AWS, whose calls fail or hang while runs work, and are killed."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from faults.remote import Remote
from faults.rounds import rounds
from support.sandbox_server import SandboxServer

pytestmark = pytest.mark.slow

SEED = int(os.environ.get("FAULTS_SEED", "0"))
ROUNDS = int(os.environ.get("FAULTS_ROUNDS", "0")) // 20 or 1


def test_nothing_is_lost_where_the_backend_fails(sandbox: SandboxServer, tmp_path: Path) -> None:
    failed = list(rounds(SEED, range(ROUNDS), tmp_path, remote=Remote(sandbox)))
    assert not failed, f"{len(failed)} rounds failed\n" + "\n\n".join(failed)
