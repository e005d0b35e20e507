"""Where the states of these tests lie."""

from __future__ import annotations

import pytest

from support.memory_store import MemoryStore


@pytest.fixture
def store() -> MemoryStore:
    return MemoryStore()
