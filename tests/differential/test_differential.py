"""Composed, per unit, plain Terraform in unit roots and on one root made by hand: the same."""

from __future__ import annotations

import pytest
from hypothesis import given, settings

from differential.play import Scenario, play, scenarios

pytestmark = pytest.mark.slow


@given(scenarios())
@settings(max_examples=3, derandomize=True, deadline=None)
def test_first(scenario: Scenario) -> None:
    play(scenario)
