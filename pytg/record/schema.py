"""The JSON Schemas of a run record and of a line of its events, from the data itself."""

from __future__ import annotations

from typing import Any

from pydantic import TypeAdapter

from pytg.record.run import RUN, SCHEMA
from pytg.record.run_events import ADAPTERS, TYPES
from pytg.record.types import Moment

DIALECT = "https://json-schema.org/draft/2020-12/schema"


def run_schema() -> dict[str, Any]:
    """The schema of `run.json`."""
    found = RUN.json_schema(mode="serialization")
    title = "The record of a run: .pytg/runs/<id>/run.json"
    return {"$schema": DIALECT, "$id": SCHEMA, **found, "title": title}


def event_schema() -> dict[str, Any]:
    """The schema of one line of `events.jsonl`."""
    shared: dict[str, Any] = {}
    lines = {}
    for name, cls in TYPES.items():
        found = ADAPTERS[cls].json_schema(mode="serialization")
        shared |= found.pop("$defs", {})
        head = {"at": TypeAdapter(Moment).json_schema(), "type": {"const": name}}
        found["properties"] = head | found.get("properties", {})
        found["required"] = list(found["properties"])
        lines[name] = found
    return {
        "$schema": DIALECT,
        "$id": "urn:pytg:event:1",
        "title": "One line of .pytg/runs/<id>/events.jsonl",
        "oneOf": [{"$ref": f"#/$defs/{name}"} for name in lines],
        "$defs": lines | shared,
    }


SCHEMAS = {"run": run_schema, "event": event_schema}
