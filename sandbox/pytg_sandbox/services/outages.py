"""Outages of whole regions, as a control says."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


class RegionIsDown(Exception):
    """The region answers nothing at the moment."""


class Outages:
    """The regions that are down."""

    def __init__(self) -> None:
        self._down: frozenset[str] = frozenset()

    def control(self, body: Mapping[str, Any]) -> None:
        """Control: `{"region": "us-east-1", "on": true}`."""
        region = str(body["region"])
        if not isinstance(body["on"], bool):
            raise TypeError("an outage is on or off")
        self._down = self._down | {region} if body["on"] else self._down - {region}

    def forget(self) -> None:
        """Every region is up."""
        self._down = frozenset()

    def describe(self) -> list[str]:
        """The regions that are down, for `status`."""
        return sorted(self._down)

    def check(self, region: str) -> None:
        """Raise RegionIsDown when it is."""
        if region in self._down:
            raise RegionIsDown(f"{region} is down: an outage of the sandbox is on")
