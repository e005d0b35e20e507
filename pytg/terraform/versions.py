"""Version constraints as Terraform writes them: `>= 1.9, < 2.0`, `~> 5.100`."""

from __future__ import annotations

import re
from dataclasses import dataclass

_CONSTRAINT = re.compile(r"^\s*(=|!=|>=|<=|>|<|~>)?\s*v?(\d+(?:\.\d+)*)(-[0-9A-Za-z.-]+)?\s*$")


@dataclass(frozen=True, slots=True)
class Version:
    """`numbers` without a limit on their count; `prerelease` includes its `-`."""

    numbers: tuple[int, ...]
    prerelease: str = ""

    @classmethod
    def parse(cls, text: str) -> Version:
        """Raises ValueError when `text` is not a version."""
        matched = re.match(r"^v?(\d+(?:\.\d+)*)(-[0-9A-Za-z.-]+)?(\+.*)?$", text.strip())
        if matched is None:
            raise ValueError(f"not a version: {text!r}")
        return cls(_numbers(matched[1]), matched[2] or "")

    @property
    def key(self) -> tuple[tuple[int, ...], bool, str]:
        """Sorts versions; a prerelease comes before its release."""
        padded = (*self.numbers, 0, 0, 0)[: max(3, len(self.numbers))]
        return padded, not self.prerelease, self.prerelease


def satisfies(version: str, constraint: str) -> bool:
    """Whether `version` meets every part of `constraint`; an empty one is always met.

    A prerelease meets only a part that names exactly it, as in Terraform. Raises ValueError
    when either text cannot be read.
    """
    found = Version.parse(version)
    return all(_meets(found, part) for part in constraint.split(",") if part.strip())


def _meets(found: Version, part: str) -> bool:
    matched = _CONSTRAINT.match(part)
    if matched is None:
        raise ValueError(f"not a version constraint: {part.strip()!r}")
    operator, wanted = matched[1] or "=", Version(_numbers(matched[2]), matched[3] or "")
    if operator == "=":
        return found.key == wanted.key
    if operator == "!=":
        return found.key != wanted.key
    if found.prerelease:
        return False
    if operator == "~>":
        fixed = max(len(wanted.numbers) - 1, 1)
        return found.key >= wanted.key and found.key[0][:fixed] == wanted.numbers[:fixed]
    return {
        ">=": found.key >= wanted.key,
        "<=": found.key <= wanted.key,
        ">": found.key > wanted.key,
        "<": found.key < wanted.key,
    }[operator]


def _numbers(text: str) -> tuple[int, ...]:
    return tuple(int(number) for number in text.split("."))
