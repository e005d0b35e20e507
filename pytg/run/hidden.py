"""Keeps secrets out of what is said of an error, and out of the log that says it.

Terraform hides what it knows to be sensitive, but not in the words of a provider or of a
provisioner's program.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from functools import cached_property
from pathlib import Path

from pytg.generate.unit import read_by
from pytg.model import Unit
from pytg.recovery.hide import hide_in_log, hide_near
from pytg.run.execution import Execution
from pytg.terraform.event_stream import Diagnostic, Event
from pytg.terraform.secrets import Hide

_WORDS = ("summary", "detail", "snippet")


class Hidden:
    """What the states near a root mark as sensitive: read when something is said, not before.

    They are those of `units`, of what these read, and what lies in `workdir`; `more` are other
    secrets.
    """

    def __init__(
        self,
        execution: Execution,
        workdir: Path,
        units: Sequence[Unit],
        more: Iterable[str] = (),
    ) -> None:
        self._execution = execution
        self._workdir = workdir
        self._units = units
        self._more = more

    def text(self, text: str) -> str:
        """What a program said, without secrets, in JSON too."""
        return self._hide.in_json(self._hide.text(text).encode()).decode()

    def event(self, event: Event) -> Event:
        """A diagnostic without secrets; what Terraform says otherwise, it has looked through."""
        if event.diagnostic is None:
            return event
        told = event.raw["diagnostic"]
        words = {key: self._hide.inside(told[key]) for key in _WORDS if key in told}
        raw = {**event.raw, "diagnostic": {**told, **words}}
        return replace(event, message=self._hide.text(event.message), raw=raw)

    def diagnostic(self, diagnostic: Diagnostic) -> Diagnostic:
        """The same for one that was read."""
        hide = self._hide.text
        return replace(
            diagnostic,
            summary=hide(diagnostic.summary),
            detail=hide(diagnostic.detail),
            snippet=hide(diagnostic.snippet),
            values=tuple((name, hide(value)) for name, value in diagnostic.values),
        )

    def log(self, log: Path) -> None:
        """Take them out of a log that holds more than Terraform's own words."""
        hide_in_log(log, self._hide)

    @cached_property
    def _hide(self) -> Hide:
        estate = self._execution.estate
        near = {address for unit in self._units for address in (unit.address, *read_by(unit))}
        units = [estate.units[address] for address in sorted(near & estate.units.keys())]
        return hide_near(self._execution.states, units, [self._workdir], self._more)
