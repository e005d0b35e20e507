"""Did you mean: the known names that come close to one."""

from __future__ import annotations

import difflib
from collections.abc import Iterable

FEW = 12  # so many names are listed where none comes close


def near(word: str, candidates: Iterable[str], *, most: int = 1, cutoff: float = 0.6) -> list[str]:
    """The candidates that come closest to `word`, the closest first."""
    return difflib.get_close_matches(word, sorted(candidates), n=most, cutoff=cutoff)


def did_you_mean(
    word: str, candidates: Iterable[str], *, most: int = 1, quote: str = "`", known: int = FEW
) -> str:
    """A hint with the nearest candidates; else with all of them, if there are at most `known`."""
    names = sorted(candidates)
    if close := near(word, names, most=most):
        return f"did you mean {' or '.join(f'{quote}{name}{quote}' for name in close)}?"
    return f"known: {', '.join(names)}" if 0 < len(names) <= known else ""
