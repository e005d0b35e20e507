"""Secrets that a plan marks in one place and holds in another without a mark.

Terraform marks values, but a provider's own attributes lose the mark: `terraform_data.output`
repeats a sensitive `input` in clear.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from pytg.terraform.difference import part_at

SHORTEST = 6  # characters; less could be any word


def secrets_in(value: Any, mask: Any) -> Iterator[str]:
    """The texts in `value` that `mask`, which has its shape, marks."""
    if mask is True and isinstance(value, str):
        if len(value) >= SHORTEST:
            yield value
    elif isinstance(value, dict):
        for key, part in value.items():
            yield from secrets_in(part, _inside(mask, key))
    elif isinstance(value, list):
        for index, part in enumerate(value):
            yield from secrets_in(part, _inside(mask, index))


def masked(value: Any, mask: Any, secrets: Iterable[str]) -> Any:
    """`mask`, with a mark on every text in `value` that holds one of `secrets`."""
    if mask is True:
        return True
    if isinstance(value, str):
        return any(secret in value for secret in secrets) or mask
    if isinstance(value, dict):
        return {key: masked(part, _inside(mask, key), secrets) for key, part in value.items()}
    if isinstance(value, list):
        return [masked(part, _inside(mask, i), secrets) for i, part in enumerate(value)]
    return mask


def _inside(mask: Any, key: str | int) -> Any:
    return mask is True or part_at(mask, key, absent=False)
