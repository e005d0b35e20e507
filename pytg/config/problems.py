"""Every problem found, each once, until there is nothing left to check."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from pytg.errors import ConfigError, Problem


class ProblemCollector:
    """Collects problems; the same one in several places is reported once, with a count."""

    def __init__(self) -> None:
        self._found: dict[Problem, dict[str, None]] = {}

    def __call__(self, problem: Problem, where: str = "") -> None:
        """Add `problem`; `where` says in which part of the estate it arises, if that matters."""
        places = self._found.setdefault(problem, {})
        if where:
            places[where] = None

    def raise_found(self, beside: Iterable[Problem] = ()) -> None:
        """Raise ConfigError if there was any problem; it tells those in `beside` too."""
        if self._found:
            found = [_told(problem, list(at)) for problem, at in self._found.items()]
            raise ConfigError([*found, *beside])


def _told(problem: Problem, places: list[str]) -> Problem:
    if not places:
        return problem
    more = f" and {len(places) - 1} more" if len(places) > 1 else ""
    return replace(problem, message=f"{problem.message} (in {min(places)}{more})")
