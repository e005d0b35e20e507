"""Records for these tests: made with a clock that ticks, checked against their schema."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import jsonschema
from hypothesis import strategies as st

from pytg.model import Address
from pytg.record.run import Changes
from pytg.record.schema import schemas
from pytg.record.writer import RunRecord

NETWORK = Address("sandbox", "us-east-1", "dev-a1", "network")
STORAGE = Address("sandbox", "us-east-1", "dev-a1", "storage")
START = datetime(2025, 1, 31, 12, 3, 4, tzinfo=UTC)
SCHEMAS = {name: jsonschema.Draft202012Validator(found) for name, found in schemas().items()}


def ticking() -> Any:
    times: Iterator[datetime] = (START + timedelta(seconds=n) for n in range(100000))
    return lambda: next(times)


def create(root: Path, **given: Any) -> RunRecord:
    values: dict[str, Any] = {
        "command": "apply-all",
        "args": ["apply-all", "--suffix", "a1"],
        "selection": "env:dev-a1",
        "units": [STORAGE, NETWORK],
        "terraform_binary": "terraform",
        "terraform_version": "1.11.4",
        "mode": "composed",
        "clock": ticking(),
    }
    return RunRecord.create(root, **{**values, **given})


def validate(path: Path) -> dict[str, Any]:
    """The document, which is as the schema says."""
    document: dict[str, Any] = json.loads(path.read_text())
    SCHEMAS["run"].validate(document)
    return document


NAMES = st.from_regex(r"[a-z][a-z0-9]{0,3}", fullmatch=True)
ADDRESSES = st.builds(Address, NAMES, NAMES, NAMES, NAMES)
SEVERAL = st.lists(ADDRESSES, max_size=3, unique=True).map(tuple)
TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=9)
TEXTS = st.lists(TEXT, max_size=3).map(tuple)
COUNTS = st.integers(0, 2**40)
RUN_IDS = st.from_regex(r"[0-9]{8}T[0-9]{6}Z-[0-9a-f]{6}", fullmatch=True)
CHANGES = st.builds(Changes, COUNTS, COUNTS, COUNTS, COUNTS)
# as exact as a record has them
MOMENTS = st.datetimes(timezones=st.just(UTC)).map(
    lambda at: at.replace(microsecond=at.microsecond // 1000 * 1000)
)
