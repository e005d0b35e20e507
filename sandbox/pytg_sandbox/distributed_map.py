"""Distributed Map states of Step Functions: what they read, batch and write. Pure.

https://docs.aws.amazon.com/step-functions/latest/dg/state-map-distributed.html
"""

from __future__ import annotations

import base64
import csv
import gzip
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

MARK = "pytg-distributed-map:"
KEPT = ("ItemReader", "ItemBatcher", "ItemProcessor", "ResultWriter", "Label")
TOLERATED = ("ToleratedFailureCount", "ToleratedFailurePercentage")
# What the interpreter is given in place of the real processor: the sandbox runs that one itself.
NOTHING = {
    "ProcessorConfig": {"Mode": "DISTRIBUTED", "ExecutionType": "STANDARD"},
    "StartAt": "Nothing",
    "States": {"Nothing": {"Type": "Pass", "End": True}},
}
Read = Callable[[str, str], bytes]


@dataclass(frozen=True, slots=True)
class MapSpec:
    """The fields of a distributed Map state that the interpreter does not know or act on."""

    processor: Mapping[str, Any]
    label: str | None = None
    reader: Mapping[str, Any] | None = None
    per_batch: int = 0
    tolerated_count: int = 0
    tolerated_percentage: float = 0.0
    writer: Mapping[str, Any] | None = field(default=None)

    def tolerates(self, failed: int, total: int) -> bool:
        """Whether so many failed items let the state succeed."""
        return failed <= self.tolerated_count or (
            bool(self.tolerated_percentage) and failed * 100 <= self.tolerated_percentage * total
        )


def prepared(definition: str) -> str:
    """A definition that the interpreter can parse; `spec_of` finds the rest in the comments."""
    try:
        document = json.loads(definition)
    except ValueError:
        return definition
    return json.dumps(_prepared(document)) if isinstance(document, dict) else definition


def _prepared(part: Mapping[str, Any]) -> dict[str, Any]:
    states = part.get("States")
    if not isinstance(states, dict):
        return dict(part)
    return {**part, "States": {name: _state(state) for name, state in states.items()}}


def _state(state: Any) -> Any:
    if not isinstance(state, dict):
        return state
    if isinstance(state.get("Branches"), list):
        return {**state, "Branches": [_prepared(branch) for branch in state["Branches"]]}
    processor = state.get("ItemProcessor")
    if not isinstance(processor, dict):
        return state
    if (processor.get("ProcessorConfig") or {}).get("Mode") != "DISTRIBUTED":
        return {**state, "ItemProcessor": _prepared(processor)}
    kept = {name: state[name] for name in (*KEPT, *TOLERATED) if name in state}
    left = {k: v for k, v in state.items() if k not in {"ItemBatcher", *TOLERATED}}
    for name in ("ItemReader", "ResultWriter"):
        if name in left:
            left[name] = {k: v for k, v in left[name].items() if not k.endswith("Config")}
    if batch_input := (state.get("ItemBatcher") or {}).get("BatchInput"):
        left["Parameters"] = batch_input
    text = base64.b64encode(json.dumps(kept).encode()).decode()
    return {**left, "ItemProcessor": NOTHING, "Comment": MARK + text}


def spec_of(comment: str | None) -> MapSpec | None:
    """What `prepared` took out of a Map state; None for other states."""
    if not comment or not comment.startswith(MARK):
        return None
    state = json.loads(base64.b64decode(comment.removeprefix(MARK)))
    processor = {k: v for k, v in state["ItemProcessor"].items() if k != "ProcessorConfig"}
    return MapSpec(
        processor=processor,
        label=state.get("Label"),
        reader=state.get("ItemReader"),
        per_batch=int((state.get("ItemBatcher") or {}).get("MaxItemsPerBatch") or 0),
        tolerated_count=int(state.get("ToleratedFailureCount") or 0),
        tolerated_percentage=float(state.get("ToleratedFailurePercentage") or 0),
        writer=state.get("ResultWriter"),
    )


def batches(items: Sequence[Any], size: int, batch_input: Any) -> list[Any]:
    """The inputs of the child executions."""
    if not size:
        return list(items)
    extra = {} if batch_input is None else {"BatchInput": batch_input}
    starts = range(0, len(items), size)
    return [{**extra, "Items": list(items[start : start + size])} for start in starts]


def items_of(config: Mapping[str, Any], body: bytes, read: Read) -> list[Any]:
    """The items in an object, by the reader's configuration.

    read: the bytes of another object, by bucket and key, for an inventory's manifest.
    Raises ValueError for a kind that is not emulated.
    """
    kind = config.get("InputType", "JSON")
    if kind == "CSV":
        rows = list(csv.reader(body.decode("utf-8-sig").splitlines()))
        names = config.get("CSVHeaders") or rows.pop(0)
        found: list[Any] = [dict(zip(names, row, strict=False)) for row in rows]
    elif kind == "JSONL":
        found = [json.loads(line) for line in body.splitlines() if line.strip()]
    elif kind == "JSON":
        document = json.loads(body)
        is_object = isinstance(document, dict)
        found = [{"Key": k, "Value": v} for k, v in document.items()] if is_object else document
    elif kind == "MANIFEST":
        found = _inventory(json.loads(body), read)
    else:
        raise ValueError(f"the sandbox does not read items of type {kind}")
    most = int(config.get("MaxItems") or 0)
    return found[:most] if most else found


def _inventory(manifest: Mapping[str, Any], read: Read) -> list[dict[str, str]]:
    names = [name.strip() for name in manifest["fileSchema"].split(",")]
    bucket = manifest["destinationBucket"].rpartition(":::")[2]
    found: list[dict[str, str]] = []
    for file in manifest["files"]:
        body = read(bucket, file["key"])
        text = gzip.decompress(body) if file["key"].endswith(".gz") else body
        rows = csv.reader(text.decode().splitlines())
        found += [dict(zip(names, row, strict=False)) for row in rows]
    return found
