"""Terraform's machine-readable UI: one JSON object a line, from `plan -json` and its kin."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from pytg import exact_json

TEXT = "text"
DIAGNOSTIC = "diagnostic"


@dataclass(frozen=True, slots=True)
class Diagnostic:
    """An error or warning. `file` and `line` are Terraform's, relative to the root module.

    `context` is the block that it is about, such as `module "a"`; `values` what the expressions
    in it came to, such as `var.n` and `is 12`.
    """

    severity: str
    summary: str
    detail: str = ""
    address: str = ""
    file: str = ""
    line: int = 0
    snippet: str = ""
    context: str = ""
    values: tuple[tuple[str, str], ...] = ()

    def __str__(self) -> str:
        where = f" ({self.file}:{self.line})" if self.file else ""
        detail = f"\n{self.detail}" if self.detail else ""
        address = f"{self.address}: " if self.address else ""
        return f"{address}{self.summary}{where}{detail}"


@dataclass(frozen=True, slots=True)
class Event:
    """One line of Terraform's stream.

    `type` is Terraform's (`planned_change`, `apply_complete`, `diagnostic`, ...), or `text`
    for a line that is not JSON, or that holds a whole state. `address` and `action` are empty
    where the line says nothing about them. `raw` is the whole object, with the values of
    sensitive outputs taken out.
    """

    type: str
    message: str = ""
    address: str = ""
    action: str = ""
    raw: Mapping[str, Any] = field(default_factory=dict)

    @property
    def diagnostic(self) -> Diagnostic | None:
        """The diagnostic that this line carries."""
        found = self.raw.get("diagnostic")
        return _diagnostic(found) if self.type == DIAGNOSTIC and isinstance(found, dict) else None


def parse_line(line: str) -> Event:
    """Read one line. Never raises: what is not an event becomes one of type `text`."""
    try:
        raw = exact_json.loads(line)
    except ValueError:
        return Event(TEXT, line)
    if not isinstance(raw, dict) or not isinstance(raw.get("type"), str):
        return Event(TEXT, line)
    if isinstance(raw.get("state"), dict):  # which could be saved nowhere: all of it, in clear
        return Event(TEXT, str(raw.get("@message", "")))
    if raw["type"] == "outputs":
        raw = {**raw, "outputs": _redacted(raw.get("outputs"))}
    subject = _object(raw.get("change")) or _object(raw.get("hook"))
    resource = _object(subject.get("resource"))
    return Event(
        type=raw["type"],
        message=str(raw.get("@message", "")),
        address=str(resource.get("addr") or _object(raw.get("diagnostic")).get("address") or ""),
        action=str(subject.get("action") or ""),
        raw=raw,
    )


def _object(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _redacted(outputs: Any) -> dict[str, Any]:
    return {
        name: {k: v for k, v in output.items() if k != "value"}
        if isinstance(output, dict) and output.get("sensitive")
        else output
        for name, output in _object(outputs).items()
    }


def _diagnostic(raw: Mapping[str, Any]) -> Diagnostic:
    place, snippet = _object(raw.get("range")), _object(raw.get("snippet"))
    return Diagnostic(
        severity=str(raw.get("severity", "error")),
        summary=str(raw.get("summary", "")),
        detail=str(raw.get("detail", "")),
        address=str(raw.get("address") or ""),
        file=str(place.get("filename") or ""),
        line=int(_object(place.get("start")).get("line") or 0),
        snippet=str(snippet.get("code") or ""),
        context=str(snippet.get("context") or ""),
        values=tuple(
            (str(value.get("traversal")), str(value.get("statement")))
            for value in map(_object, snippet.get("values") or ())
        ),
    )
