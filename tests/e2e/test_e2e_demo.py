"""The acts of `make demo`, from the side of the tests; each raises where it is not true.

The workflow, switches and lag have tests in test_sandbox_migration.py; the fixture applies,
destroys, and looks for what is left.
"""

from __future__ import annotations

import pytest

from acts import show_documents, show_metadata, show_refused
from deployed import Deployed

pytestmark = pytest.mark.slow


def test_documents_arrive_both_ways_and_the_invalid_say_why(deployed: Deployed) -> None:
    show_documents(deployed)
    show_refused(deployed)
    show_metadata(deployed)
