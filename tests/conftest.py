"""Shared fixtures."""

from __future__ import annotations

from pathlib import Path

import pytest

from support.estate_builder import two_region


@pytest.fixture
def estate_root(tmp_path: Path) -> Path:
    """The ready-made estate of 18 units."""
    return two_region(tmp_path)
