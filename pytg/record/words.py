"""Words for people that more than one room needs."""

from __future__ import annotations


def counted(number: int, thing: str) -> str:
    """Such as `1 unit` and `2 units`."""
    return f"{number} {thing}{'s' if number != 1 else ''}"
