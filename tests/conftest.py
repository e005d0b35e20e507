"""Shared fixtures."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import settings

from support.deployed_estate import deployed
from support.estate_builder import two_region
from support.sandbox_server import sandbox, sandbox_server, terraform_root
from support.service_models import read_once

__all__ = ["deployed", "sandbox", "sandbox_server", "terraform_root"]

# no test depends on how fast the machine is; `make test` tries each law again, with `long`
settings.register_profile("short", deadline=None, max_examples=25)
settings.register_profile("long", deadline=None, max_examples=100)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "short"))
read_once()

# what is made once and used by many tests: those stay with one worker
SHARED = ("deployed", "plan")


@pytest.hookimpl(tryfirst=True)  # before xdist reads the groups
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """With `--dist loadgroup`, tests that share something costly run in one worker."""
    for item in items:
        used = getattr(item, "fixturenames", ())
        for shared in SHARED:
            if shared in used:
                item.add_marker(pytest.mark.xdist_group(shared))
                break
    items.sort(key=lambda item: item.get_closest_marker("last") is not None)


@pytest.fixture
def estate_root(tmp_path: Path) -> Path:
    """The ready-made estate of 18 units."""
    return two_region(tmp_path)
