"""What Terraform prints beside its events leaves the log; a state among it is kept."""

from __future__ import annotations

import json
import threading
from pathlib import Path

import pytest

from pytg.record.reader import RUNS
from pytg.recovery.composed_directory import COMPOSED
from pytg.recovery.journal import ERRORED_STATE, STATE
from pytg.recovery.printed_state import PRINTED, finish_taking_out, take_out_state
from pytg.recovery.recover import recover_all
from support.dead_apply import ONE, TWO, died, estate_at, states_in
from support.memory_store import MemoryStore, composed

EVENT = {"type": "apply_start", "@message": "begins"}
PRINTED_STATE = {"version": 4, "serial": 3, "lineage": "x", "outputs": {}, "resources": []}
DUMPS = [
    {"type": "log", "state": PRINTED_STATE},
    {"@message": "Emergency state dump", "state": PRINTED_STATE},
]


def log_of(directory: Path, *lines: object) -> Path:
    log = directory / "runs" / "apply-1.jsonl"
    log.parent.mkdir()
    texts = (line if isinstance(line, str) else json.dumps(line) for line in lines)
    log.write_text("\n".join(texts) + "\n")
    return log


@pytest.mark.parametrize("dump", DUMPS)
def test_a_printed_state_is_the_newest_and_no_longer_in_the_log(
    tmp_path: Path, dump: object
) -> None:
    log = log_of(tmp_path, EVENT, dump, "panic: secret", EVENT)
    assert take_out_state(log, tmp_path)
    assert [json.loads(line) for line in log.read_text().split("\n") if line] == [EVENT, EVENT]
    assert json.loads((tmp_path / ERRORED_STATE).read_bytes()) == PRINTED_STATE
    files = [path for path in tmp_path.rglob("*") if path.is_file()]
    assert sorted(path.name for path in files) == ["apply-1.jsonl", ERRORED_STATE]
    assert {path.stat().st_mode & 0o077 for path in files} == {0}


def test_a_log_of_events_stays_as_it_is(tmp_path: Path) -> None:
    log = log_of(tmp_path, EVENT, EVENT)
    before = log.stat()
    assert not take_out_state(log, tmp_path)
    assert (log.stat().st_ino, log.stat().st_mtime_ns) == (before.st_ino, before.st_mtime_ns)
    assert not take_out_state(tmp_path / "none", tmp_path)


def test_a_state_that_was_cut_off_is_none(tmp_path: Path) -> None:
    log = log_of(tmp_path, EVENT, json.dumps(DUMPS[0])[:40])
    assert not take_out_state(log, tmp_path)
    assert not (tmp_path / ERRORED_STATE).exists()
    assert "state" not in log.read_text()


@pytest.mark.parametrize("alone", [True, False])
def test_what_cannot_be_written_is_kept_for_the_next_time(tmp_path: Path, *, alone: bool) -> None:
    log = log_of(tmp_path, EVENT, DUMPS[0])
    blocked = tmp_path / ERRORED_STATE
    blocked.mkdir()
    with pytest.raises(OSError, match=ERRORED_STATE):
        take_out_state(log, tmp_path)
    assert "state" not in log.read_text()
    assert (tmp_path / PRINTED).exists()
    blocked.rmdir()
    if alone:
        finish_taking_out(tmp_path)
    else:
        assert take_out_state(log, tmp_path)
    assert json.loads(blocked.read_text()) == PRINTED_STATE
    assert not (tmp_path / PRINTED).exists()


def test_a_composed_apply_that_died_printing_is_recovered_from_what_it_printed(
    tmp_path: Path,
) -> None:
    """What lies in its directory is older: `TWO` was made since."""
    died(tmp_path, ONE, TWO, events="apply-1.jsonl")
    newest = json.loads(composed(ONE, TWO))
    (workdir,) = (tmp_path / COMPOSED).iterdir()
    (workdir / STATE).write_bytes(composed(ONE))
    log = tmp_path / RUNS / "run-1" / "apply-1.jsonl"
    log.parent.mkdir(parents=True)
    log.write_text(json.dumps({"type": "log", "state": newest | {"serial": 9}}) + "\n")
    store = MemoryStore()
    recover_all(estate_at(tmp_path), states_in(store), print, threading.Event())
    held = {key: json.loads(body)["resources"] for key, body in store.states.items()}
    assert sorted(key for key, resources in held.items() if resources) == [
        str(ONE),
        str(TWO),
    ]
    assert "state" not in log.read_text()
