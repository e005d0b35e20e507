"""Distributed maps: what is kept from the interpreter, read, batched and tolerated."""

from __future__ import annotations

import gzip
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytg_sandbox.distributed_map import MapSpec, batches, items_of, prepared, spec_of

MAP = {
    "Type": "Map",
    "ItemReader": {
        "Resource": "arn:aws:states:::s3:getObject",
        "ReaderConfig": {"InputType": "MANIFEST"},
        "Parameters": {"Bucket": "b", "Key.$": "$.key"},
    },
    "ItemBatcher": {"MaxItemsPerBatch": 2, "BatchInput": {"id.$": "$.id"}},
    "ToleratedFailurePercentage": 10,
    "ItemProcessor": {
        "ProcessorConfig": {"Mode": "DISTRIBUTED", "ExecutionType": "EXPRESS"},
        "StartAt": "A",
        "States": {"A": {"Type": "Pass", "End": True}},
    },
    "End": True,
}


def machine(**states: Any) -> str:
    return json.dumps({"StartAt": next(iter(states)), "States": states})


def test_what_the_interpreter_does_not_know_goes_into_the_comment() -> None:
    state = json.loads(prepared(machine(M=MAP)))["States"]["M"]
    assert state["Parameters"] == {"id.$": "$.id"}
    assert set(state["ItemReader"]) == {"Resource", "Parameters"}
    assert not {"ItemBatcher", "ToleratedFailurePercentage"} & set(state)
    spec = spec_of(state["Comment"])
    assert spec is not None
    assert (spec.per_batch, spec.tolerated_percentage) == (2, 10)
    assert spec.reader == MAP["ItemReader"]
    assert spec.processor == {"StartAt": "A", "States": {"A": {"Type": "Pass", "End": True}}}


def test_maps_in_branches_are_found_and_inline_maps_left_alone() -> None:
    inline = {"Type": "Map", "ItemProcessor": {"StartAt": "M", "States": {"M": MAP}}}
    branch = {"StartAt": "I", "States": {"I": inline}}
    document = json.loads(prepared(machine(P={"Type": "Parallel", "Branches": [branch]})))
    found = document["States"]["P"]["Branches"][0]["States"]["I"]
    assert "Comment" not in found
    assert spec_of(found["ItemProcessor"]["States"]["M"]["Comment"]) is not None


@pytest.mark.parametrize("text", ["", "no json", "[]", '{"States": []}'])
def test_other_texts_stay(text: str) -> None:
    assert prepared(text) == text


@given(st.lists(st.integers()), st.integers(1, 5))
def test_batches_hold_everything_in_order(items: list[int], size: int) -> None:
    found = batches(items, size, {"id": 1})
    assert [item for batch in found for item in batch["Items"]] == items
    assert all(
        0 < len(batch["Items"]) <= size and batch["BatchInput"] == {"id": 1} for batch in found
    )


def nothing(bucket: str, key: str) -> bytes:
    raise AssertionError((bucket, key))


@pytest.mark.parametrize(
    ("config", "body", "items"),
    [
        (
            {"InputType": "CSV", "CSVHeaderLocation": "FIRST_ROW"},
            "k,v\na,1\n",
            [{"k": "a", "v": "1"}],
        ),
        ({"InputType": "CSV", "CSVHeaders": ["k"]}, "a\nb\n", [{"k": "a"}, {"k": "b"}]),
        ({"InputType": "JSON", "MaxItems": 1}, "[1, 2]", [1]),
        ({"InputType": "JSON"}, '{"a": 1}', [{"Key": "a", "Value": 1}]),
        ({"InputType": "JSONL"}, '{"a": 1}\n\n{"a": 2}', [{"a": 1}, {"a": 2}]),
    ],
)
def test_items(config: dict[str, Any], body: str, items: list[Any]) -> None:
    assert items_of(config, body.encode(), nothing) == items


def test_items_of_an_inventory() -> None:
    manifest = {
        "destinationBucket": "arn:aws:s3:::ops",
        "fileSchema": "Bucket, Key",
        "files": [{"key": "data.csv.gz"}],
    }
    data = {("ops", "data.csv.gz"): gzip.compress(b'"docs","a"\n"docs","b"\n')}
    found = items_of({"InputType": "MANIFEST"}, json.dumps(manifest).encode(), lambda *at: data[at])
    assert found == [{"Bucket": "docs", "Key": "a"}, {"Bucket": "docs", "Key": "b"}]


def test_a_kind_that_is_not_emulated() -> None:
    with pytest.raises(ValueError, match="PARQUET"):
        items_of({"InputType": "PARQUET"}, b"", nothing)


@pytest.mark.parametrize(
    ("spec", "failed", "tolerated"),
    [
        (MapSpec({}), 0, True),
        (MapSpec({}), 1, False),
        (MapSpec({}, tolerated_count=1), 1, True),
        (MapSpec({}, tolerated_percentage=10), 1, True),
        (MapSpec({}, tolerated_percentage=10), 2, False),
    ],
)
def test_tolerated_failures(spec: MapSpec, failed: int, *, tolerated: bool) -> None:
    assert spec.tolerates(failed, 10) is tolerated
