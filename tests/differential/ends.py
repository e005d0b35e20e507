"""How units ended and what was said of them, in one form for all ways, and how those may differ."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

OK, FAILED, SKIPPED = "ok", "failed", "skipped"
READ = "read"
_CALL = re.compile(r"(?<![\w.])module\.[\w-]+(\[0\])?")
_UP = re.compile(r"(\.\./)+")
_ID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_BY_PYTG = re.compile(r"\n?(in |\(and \d+ more similar )[^\n]*$")
LATER = ("Invalid for_each argument", "Invalid count argument")
_LATER = "Check block assertion known after apply"  # a unit alone may know it at its turn


class Said(NamedTuple):
    """A diagnostic; `place` is `file:line` from the project's directory, or empty."""

    severity: str
    summary: str
    detail: str
    place: str

    @property
    def alike(self) -> Said:
        """What plain Terraform says, too: it tells no place in the configuration."""
        return self if self.place.startswith("modules/") else self._replace(place="")


@dataclass(frozen=True)
class End:
    """How a unit ended, in which phase if it failed, and what was said of it.

    The phases: `read`, where its module cannot be, `plan` and `apply`.
    """

    status: str
    phase: str = ""
    said: frozenset[Said] = field(default_factory=frozenset)

    @property
    def errors(self) -> set[Said]:
        return {one for one in self.said if one.severity == "error"}

    @property
    def warnings(self) -> set[tuple[str, ...]]:
        """Those of checks in full; of others, of which one stands for many, the summary."""
        found = {one for one in self.said if one.severity != "error" and one.summary != _LATER}
        return {tuple(w.alike) if "heck" in w.summary else (w.summary,) for w in found}


def said(severity: str, summary: str, detail: str, file: str, line: int) -> Said:
    """A diagnostic without what names the way."""
    place = f"{_UP.sub('', file)}:{line}" if file else ""
    text = _BY_PYTG.sub("", _UP.sub("", _ID.sub("ID", _CALL.sub("module.X", detail))).strip())
    return Said(severity, summary, text.strip(), place)


def unread(said: Iterable[Said], directory: str = "") -> End:
    """The end of a unit whose module cannot be read: who reads it says it in words of his own."""
    files = {one.place.rpartition(":")[0] for one in said if one.place and one.severity == "error"}
    found = (Said("error", "", "", f"{directory}{file}") for file in files)
    return End(FAILED, READ, frozenset(found))


def said_in(stream: str) -> frozenset[Said]:
    """The diagnostics in Terraform's machine-readable output."""
    events = (json.loads(line) for line in stream.splitlines() if line.startswith("{"))
    return frozenset(_said(e["diagnostic"]) for e in events if e.get("type") == "diagnostic")


def _said(raw: Mapping[str, Any]) -> Said:
    place = raw.get("range") or {"filename": "", "start": {"line": 0}}
    file, line = place["filename"], place["start"]["line"]
    return said(raw["severity"], raw["summary"], raw.get("detail", ""), file, line)


def ends_alike(many: End, alone: End) -> Iterator[str]:
    """How a unit among others ended otherwise than in its own root.

    Alone it is planned when its upstream is applied: what it fails on then may in one plan
    with others be known in the apply only. Among others it may go on where something upstream
    failed that it does not read.
    """
    if alone.status == SKIPPED:
        return
    if many.status != alone.status:
        yield f"ended {many.status} in {many.phase}, alone {alone.status} in {alone.phase}"
        yield from map(str, sorted(many.said ^ alone.said))
    elif many.phase == alone.phase:
        left, right = _alike(many.errors), _alike(alone.errors)
        less = alone.phase == "plan" and left and left <= right  # the rest was not known
        if left != right and not less:
            yield from (f"said only among others: {one}" for one in sorted(left - right))
            yield from (f"said only alone: {one}" for one in sorted(right - left))
        if many.warnings != alone.warnings and alone.status == OK:
            yield f"warned {sorted(many.warnings)}, alone {sorted(alone.warnings)}"
    elif many.phase == "plan":
        yield f"failed in the plan, alone in the apply: {sorted(many.errors)}"


def same_ends(one: End, other: End) -> Iterator[str]:
    """How two of pytg's ways differ that plan a unit at its turn."""
    if (one.status, one.phase) != (other.status, other.phase):
        yield f"ended {one.status} in {one.phase}, and {other.status} in {other.phase}"
    for only in sorted(_alike(one.errors) ^ _alike(other.errors)):
        yield f"said on one way: {only}"
    if one.warnings != other.warnings:
        yield f"warned {sorted(one.warnings)}, and {sorted(other.warnings)}"


def whole(ends: Iterable[End], general: frozenset[Said]) -> End:
    """Of all units together, up to the phase that failed, and what is of none of them."""
    found = list(ends)
    bad = [end for end in found if end.status != OK]
    phase = "plan" if any(end.phase == "plan" for end in bad) else "apply" if bad else ""
    together = general.union(*(end.said for end in found if end.phase in ("", phase)))
    return End(FAILED if bad else OK, phase, together)


def same_whole(many: End, hand: End) -> Iterator[str]:
    """How one composed run differs from one of a root made by hand, which ends at an error.

    In a plan one error may hide another; what is left of a composed one is planned again, without
    what needs the units that failed.
    """
    if any(one.summary in LATER for one in hand.errors):
        return  # pytg plans that in a later stage
    if (many.status, many.phase) != (hand.status, hand.phase):
        yield f"ended {many.status} in {many.phase}, by hand {hand.status} in {hand.phase}"
    left, right = _alike(many.errors), _alike(hand.errors)
    together = left & right if hand.phase == "plan" else left == right
    if not together:
        yield f"said {sorted(left)}, by hand {sorted(right)}"
    if hand.status == OK and many.warnings != hand.warnings:
        yield f"warned {sorted(many.warnings)}, by hand {sorted(hand.warnings)}"


def _alike(errors: Iterable[Said]) -> set[Said]:
    return {one.alike for one in errors}
