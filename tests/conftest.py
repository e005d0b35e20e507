"""Shared fixtures."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import settings

from support.deployed_estate import deployed
from support.estate_builder import two_region
from support.sandbox_server import sandbox, sandbox_server, terraform_root

__all__ = ["deployed", "sandbox", "sandbox_server", "terraform_root"]

settings.register_profile("pytg", deadline=None)  # no test depends on how fast the machine is
settings.load_profile("pytg")


@pytest.fixture
def estate_root(tmp_path: Path) -> Path:
    """The ready-made estate of 18 units."""
    return two_region(tmp_path)
