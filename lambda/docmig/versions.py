"""The order of writes to one document, across regions.

A version is a text that sorts by time of writing: first the tenure (the epoch in which the
region became active), then S3's sequencer. Inside a tenure one region writes, and sequencers of one
key in one bucket can be compared; across regions they cannot, and there the tenure decides. So
a write from before a switch can never replace one from after it, however late it arrives.
"""

from __future__ import annotations

from enum import StrEnum

_SEQUENCER_DIGITS = 32  # S3 sends 16 to 18 hexadecimal digits


class Outcome(StrEnum):
    """What a write meets in the table."""

    APPLY = "apply"
    DUPLICATE = "duplicate"
    SUPERSEDED = "superseded"


def version(tenure: int, sequencer: str) -> str:
    """Version of a write. S3 asks to pad the shorter sequencer with zeros on the right."""
    return f"{tenure:08d}.{sequencer.upper().ljust(_SEQUENCER_DIGITS, '0')}"


def tenure_of(text: str) -> int:
    """The tenure in a version."""
    return int(text.partition(".")[0])


def outcome(stored: str | None, new: str) -> Outcome:
    """What to do with version `new` where `stored` is."""
    if stored is None or stored < new:
        return Outcome.APPLY
    return Outcome.DUPLICATE if stored == new else Outcome.SUPERSEDED
