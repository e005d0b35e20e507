"""The acts of `make demo`, from the side of the tests; each raises where it is not true.

The workflow, cutover and rollback have tests of their own in test_sandbox_migration.py; the fixture
applies, destroys, and looks for what is left.
"""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from acts import show_documents, show_lag, show_metadata, show_refused
from deployed import Deployed
from pytg.generate.aws import sandbox_directory
from pytg.sandbox.control import Sandbox

pytestmark = pytest.mark.slow


@pytest.fixture
def fast_minutes(deployed: Deployed) -> Iterator[None]:
    sandbox = Sandbox(sandbox_directory(deployed.root))
    sandbox.pace(20)
    yield
    sandbox.lag("dynamodb", 0.25)
    sandbox.pace(1)


def test_documents_arrive_both_ways_and_the_invalid_say_why(deployed: Deployed) -> None:
    show_documents(deployed)
    show_refused(deployed)
    show_metadata(deployed)


@pytest.mark.usefixtures("fast_minutes")
def test_lag_sets_off_the_alarms_and_refuses_a_cutover(deployed: Deployed) -> None:
    show_lag(deployed)
