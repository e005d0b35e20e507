"""Whatever bytes stand in a file of `.pytg`, pytg reads it, or says which one is damaged."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pytg import exact_json
from pytg.compose.lifecycle import replaced_early
from pytg.compose.state_merge import merge_states, split_state
from pytg.errors import PytgError
from pytg.record.reader import load
from pytg.record.run_events import read
from pytg.recovery.dead_runs import at_work
from pytg.recovery.in_flight import read_begun
from pytg.recovery.journal import APPLYING, COPY, JOURNAL, Journal, newest_state
from pytg.recovery.unrecorded import IN_FLIGHT, remembered
from pytg.recovery.written import NOTES, noted
from pytg.state.state_reader import UnitState, parse_state
from pytg.state.state_store import LockInfo, StoredState
from support.dead_apply import ONE, TWO, journal_of
from support.memory_store import composed

EXAMPLES = settings.default.max_examples * 3 // 2
DEEP = b"[" * 20_000
anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.text(max_size=5), inner),
    max_leaves=4,
)


def places(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """The path to every value inside `value`, itself first."""
    yield path
    if isinstance(value, dict | list):
        for key, inner in value.items() if isinstance(value, dict) else enumerate(value):
            yield from places(inner, (*path, key))


def put(value: Any, path: tuple[Any, ...], new: Any) -> Any:
    if not path:
        return new
    copy = value.copy()
    copy[path[0]] = put(value[path[0]], path[1:], new)
    return copy


@st.composite
def damaged(draw: st.DrawFn, whole: bytes) -> bytes:
    """`whole`, JSON, cut short, with a bad byte, or with something else in one place."""
    kind = draw(st.sampled_from(["cut", "byte", "value", "value", "value", "other"]))
    if kind == "value":
        document = json.loads(whole)
        place = draw(st.sampled_from(list(places(document))))
        return json.dumps(put(document, place, draw(anything))).encode() + b"\n"
    at = draw(st.integers(0, len(whole)))
    if kind == "other":
        return draw(st.sampled_from([b"", b"\xff\xfe", b"[]", b"{}", b"null", b"1", DEEP]))
    return whole[:at] + (b"\xff" + whole[at:] if kind == "byte" else b"")


def run_json() -> bytes:
    unit = {"status": "running", "log": "units/a/apply.jsonl", "changes": {"create": 1}}
    document = {
        "schema": "urn:pytg:run:1",
        "pytg_version": "0",
        "run_id": "20260101T000000Z-abcdef",
        "command": "apply",
        "args": ["apply"],
        "selection": {"canonical": "all", "units": [str(ONE)]},
        "terraform": {"binary": "terraform", "version": "1.11.4"},
        "mode": "composed",
        "started_at": "2026-01-01T00:00:00.000Z",
        "result": "running",
        "units": {str(ONE): unit},
    }
    return json.dumps(document).encode()


def journal(tmp: Path) -> bytes:
    journal_of(ONE, TWO, versions={str(ONE): "v"}, creates={str(ONE): ("x.a",)}).write(tmp)
    (tmp / COPY).unlink()
    return (tmp / JOURNAL).read_bytes()


PROCESS = {"argv": ["terraform", "apply"], "cwd": "/", "pid": 1, "started": 1.0, "host": "h"}
EVENT = {"at": "2026-01-01T00:00:00.000Z", "type": "note", "text": "x"}
HOOK = {"type": "apply_start", "hook": {"action": "create", "resource": {"addr": "x.a"}}}


def dead_run(directory: Path) -> Any:
    """The record of a run whose other files are damaged."""
    (directory / "run.json").write_bytes(run_json())
    return load(directory)


def split(body: bytes | None) -> object:
    """What a recovery does with a state."""
    shapes = [unit.shape for unit in journal_of(ONE, TWO).locked]
    return split_state(exact_json.loads(body), shapes) if body else None


def merge(stored: StoredState) -> object:
    """What a plan does with one."""
    (unit,) = journal_of(ONE).locked
    state = parse_state(stored, "x")
    early = replace(unit.shape, early=frozenset({"terraform_data.this"}))
    replaced = replaced_early(early, state)
    return merge_states([(unit.shape, state)]), UnitState(state, None).outputs, replaced


READERS: dict[str, tuple[str, Callable[[Path], bytes], Callable[[Path], object]]] = {
    "journal": (JOURNAL, journal, Journal.read),
    "run": ("run.json", lambda _: run_json(), load),
    "notes": (NOTES, lambda _: b'{"a": "v", "b": "w"}\n', noted),
    "events": (
        "events.jsonl",
        lambda _: json.dumps(EVENT).encode() + b"\n",
        lambda tmp: list(read(tmp / "events.jsonl")),
    ),
    "processes": (
        "processes.jsonl",
        lambda _: json.dumps(PROCESS).encode(),
        lambda tmp: at_work(dead_run(tmp)),
    ),
    "terraform's events": (
        "apply.jsonl",
        lambda _: json.dumps(HOOK).encode(),
        lambda tmp: read_begun(tmp / "apply.jsonl").missing(composed(ONE)),
    ),
    "in flight": (
        str(IN_FLIGHT),
        lambda _: json.dumps({str(ONE): ["x.a"]}).encode(),
        remembered,
    ),
    "state": (
        "terraform.tfstate",
        lambda _: composed(ONE, TWO),
        lambda tmp: split(newest_state(tmp)),
    ),
    "a unit's state": (
        "unit.tfstate",
        lambda _: composed(ONE).replace(ONE.slug.encode(), ONE.module.encode()),
        lambda tmp: merge(StoredState.of((tmp / "unit.tfstate").read_bytes(), "x")),
    ),
    "lock": (
        "lock",
        lambda _: b'{"ID": "1", "Who": "x"}',
        lambda tmp: LockInfo.parse((tmp / "lock").read_bytes()),
    ),
}


@pytest.mark.parametrize("name", READERS)
@settings(max_examples=EXAMPLES, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_a_damaged_file_is_read_or_named(tmp_path: Path, name: str, data: st.DataObject) -> None:
    where, make, reads = READERS[name]
    file = tmp_path / where
    file.parent.mkdir(exist_ok=True)
    file.write_bytes(data.draw(damaged(make(tmp_path))))
    with contextlib.suppress(PytgError):
        reads(tmp_path)


def test_a_phase_that_nobody_knows_is_refused(tmp_path: Path) -> None:
    """It would count as one in which there is no state to keep."""
    text = journal(tmp_path).decode()
    (tmp_path / JOURNAL).write_text(text.replace(f'"{APPLYING}"', '"later"'))
    with pytest.raises(PytgError, match="phase"):
        Journal.read(tmp_path)


@pytest.mark.parametrize("name", ["state", "a unit's state"])
def test_dependencies_may_be_null(tmp_path: Path, name: str) -> None:
    where, make, reads = READERS[name]
    (tmp_path / where).write_bytes(make(tmp_path).replace(b'["x.y"]', b"null"))
    reads(tmp_path)
