"""A run as data: how units move on, how a run ends, and that JSON loses nothing of it."""

from __future__ import annotations

import json
import tempfile
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from record_world import (
    ADDRESSES,
    CHANGES,
    COUNTS,
    MOMENTS,
    NETWORK,
    RUN_IDS,
    SCHEMAS,
    SEVERAL,
    START,
    STORAGE,
    TEXT,
    TEXTS,
)

from pytg.record.reader import line, load, write
from pytg.record.run import (
    Changes,
    Outcome,
    Result,
    Run,
    Selected,
    Status,
    Tool,
    UnitRecord,
)
from pytg.record.transitions import begun, ended, settled
from pytg.record.types import moment, timestamp

LATER = START + timedelta(seconds=9)
RUN = Run(
    directory=Path("/project/.pytg/runs/20250131T120304Z-abcdef"),
    pytg_version="0.2.0",
    run_id="20250131T120304Z-abcdef",
    command="apply-all",
    args=("apply-all",),
    selection=Selected("all", (NETWORK, STORAGE)),
    terraform=Tool("terraform", "1.11.4"),
    mode="per-unit",
    started_at=START,
    result=Result.RUNNING,
    units={NETWORK: UnitRecord(), STORAGE: UnitRecord()},
)
UNITS = st.builds(
    UnitRecord,
    status=st.sampled_from(Status),
    started_at=st.none() | MOMENTS,
    finished_at=st.none() | MOMENTS,
    reason=TEXT,
    blocked_by=SEVERAL,
    attempts=COUNTS,
    changes=CHANGES,
    unknown_resources=TEXTS,
    log=st.none() | TEXT,
)
SOME = TEXT.filter(bool)
RUNS = st.builds(
    Run,
    directory=st.just(RUN.directory),
    pytg_version=SOME,
    run_id=RUN_IDS,
    parent_run_id=st.none() | RUN_IDS,
    command=SOME,
    args=TEXTS,
    selection=st.builds(Selected, TEXT, SEVERAL),
    terraform=st.builds(Tool, SOME, SOME),
    mode=st.sampled_from(("composed", "per-unit")),
    started_at=MOMENTS,
    finished_at=st.none() | MOMENTS,
    result=st.sampled_from(Result),
    exit_code=st.none() | st.integers(0, 255),
    stages=st.lists(SEVERAL, max_size=3).map(tuple),
    processes=COUNTS,
    units=st.dictionaries(ADDRESSES, UNITS, max_size=3),
)


@given(RUNS)
def test_a_run_comes_back_from_its_record_as_it_was(run: Run) -> None:
    with tempfile.TemporaryDirectory() as directory:
        run = replace(run, directory=Path(directory))
        write(run, {address: line(address, unit) for address, unit in run.units.items()})
        assert load(run.path) == run
        SCHEMAS["run"].validate(json.loads(run.path.read_text()))


@given(MOMENTS)
def test_a_time_comes_back_from_its_text(at: datetime) -> None:
    assert moment(timestamp(at)) == at


@pytest.mark.parametrize(
    "value", [None, 1, "", "2025-01-31", "2025-01-31T12:03:04Z", "2025-13-31T12:03:04.567Z"]
)
def test_something_else_is_no_time(value: object) -> None:
    with pytest.raises(ValueError, match=r"time|month"):
        moment(value)


def test_a_time_of_another_zone_is_written_in_utc() -> None:
    assert timestamp(datetime.fromisoformat("2025-01-31T13:03:04.5678+01:00")) == (
        "2025-01-31T12:03:04.567Z"
    )
    assert moment("2025-01-31T12:03:04.567Z").tzinfo == UTC


def test_changes_add_up() -> None:
    changes = Changes(1, 2, 3, 4) + Changes(create=1)
    assert changes == Changes(2, 2, 3, 4)
    assert changes.total == 11
    units = {NETWORK: UnitRecord(changes=changes), STORAGE: UnitRecord(changes=Changes(delete=1))}
    assert replace(RUN, units=units).changes == Changes(2, 2, 3, 5)


def test_a_unit_that_starts_again_keeps_its_first_start_and_has_no_end() -> None:
    once = ended(begun(UnitRecord(), START), Outcome(Status.FAILED, "no"), LATER)
    assert (once.started_at, once.finished_at, once.attempts) == (START, LATER, 1)
    again = begun(once, LATER)
    assert (again.status, again.started_at, again.finished_at) == (Status.RUNNING, START, None)
    assert again.attempts == 2


def test_a_unit_that_never_started_has_no_time_of_its_end() -> None:
    outcome = Outcome(Status.SKIPPED, "needs it", (STORAGE,))
    assert ended(UnitRecord(), outcome, LATER) == UnitRecord(
        Status.SKIPPED, reason="needs it", blocked_by=(STORAGE,)
    )


def test_a_run_settles_with_no_unit_open() -> None:
    run = replace(RUN, units={NETWORK: begun(UnitRecord(), START), STORAGE: UnitRecord()})
    over = settled(run, LATER, Result.INTERRUPTED, 130)
    assert (over.result, over.exit_code, over.finished_at) == (Result.INTERRUPTED, 130, LATER)
    assert over.units[NETWORK].status is Status.UNKNOWN
    assert over.units[NETWORK].finished_at == LATER
    assert over.units[STORAGE].status is Status.CANCELLED
    assert over.units[STORAGE].finished_at is None


def test_what_a_unit_said_of_itself_stays_when_the_run_settles() -> None:
    run = replace(RUN, units={NETWORK: UnitRecord(Status.RUNNING, reason="half done")})
    assert settled(run, LATER, Result.FAILED, 1).units[NETWORK].reason == "half done"
