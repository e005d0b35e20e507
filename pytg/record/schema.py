"""The JSON Schemas of `run.json` and of a line of `events.jsonl`, from the data itself."""

from __future__ import annotations

from typing import Any

from pydantic import TypeAdapter
from pydantic.json_schema import GenerateJsonSchema, JsonSchemaValue
from pydantic_core import core_schema

from pytg.record.run import RUN, SCHEMA
from pytg.record.run_events import EVENT
from pytg.record.types import Moment


def schemas() -> dict[str, dict[str, Any]]:
    """Each schema by the name of what it describes: `run` and `event`."""
    return {"run": _run(), "event": _event()}


class _Written(GenerateJsonSchema):
    """For what pytg writes: every field is there, and no other.

    So defaults say nothing, and neither do titles that repeat a field's name.
    """

    def field_title_should_be_set(self, _schema: Any) -> bool:
        return False

    def field_is_required(self, field: Any, total: bool) -> bool:  # noqa: ARG002, FBT001 - theirs
        return True

    def default_schema(self, schema: core_schema.WithDefaultSchema) -> JsonSchemaValue:
        return self.generate_inner(schema["schema"])

    def dataclass_schema(self, schema: core_schema.DataclassSchema) -> JsonSchemaValue:
        return super().dataclass_schema(schema) | {"additionalProperties": False}

    def dict_schema(self, schema: core_schema.DictSchema) -> JsonSchemaValue:
        return super().dict_schema(schema) | {"additionalProperties": False}


def _run() -> dict[str, Any]:
    return _headed(SCHEMA, "The record of a run: .pytg/runs/<id>/run.json", _of(RUN))


def _event() -> dict[str, Any]:
    found = _of(EVENT)
    del found["discriminator"]  # a word of OpenAPI's; `type` is a constant in each
    for kind in found["oneOf"]:
        line = found["$defs"][kind["$ref"].removeprefix("#/$defs/")]
        fields = line["properties"]
        line["properties"] = {"at": _of(TypeAdapter(Moment)), "type": fields["type"], **fields}
        line["required"] = list(line["properties"])
    return _headed("urn:pytg:event:1", "One line of .pytg/runs/<id>/events.jsonl", found)


def _of(data: TypeAdapter[Any]) -> dict[str, Any]:
    return data.json_schema(mode="serialization", schema_generator=_Written)


def _headed(identity: str, title: str, schema: dict[str, Any]) -> dict[str, Any]:
    dialect = "https://json-schema.org/draft/2020-12/schema"
    return {"$schema": dialect, "$id": identity, **schema, "title": title}
