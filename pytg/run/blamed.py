"""A diagnostic of Terraform with whose it is, and where what it speaks of was written."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass, replace

from pytg.model import Address
from pytg.record.words import named
from pytg.terraform.event_stream import Diagnostic


@dataclass(frozen=True, slots=True)
class Blamed:
    """A diagnostic that was led back.

    It is of each of `units`, or of at least one of them where that is not `sure`; without
    units nobody's. `shared`: of what they have in common. `file` and `line` are from the
    project's directory.
    """

    diagnostic: Diagnostic
    units: tuple[Address, ...] = ()
    sure: bool = True
    shared: bool = False
    file: str | None = None
    line: int | None = None

    @property
    def reason(self) -> str:
        """In one line, with the place."""
        summary = self.diagnostic.summary
        return f"{summary} ({self.file}:{self.line})" if self.file else summary

    @property
    def detail(self) -> str:
        """What else Terraform says, and where there is doubt in which units it may be."""
        several = len(self.units) > 1 and (self.shared or not self.sure)
        where = f"in {'' if self.sure else 'one of '}{named(self.units)}" if several else ""
        return "\n".join(filter(None, (self.diagnostic.detail.strip(), where)))

    def __str__(self) -> str:
        return "\n".join(filter(None, (self.reason, self.detail)))


def softened(said: Iterable[Blamed], units: Collection[Address]) -> list[Blamed]:
    """`said`, with what is of `units` alone as warnings."""
    return [
        replace(one, diagnostic=replace(one.diagnostic, severity="warning"))
        if one.units and set(units).issuperset(one.units)
        else one
        for one in said
    ]
