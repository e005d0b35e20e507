"""200 documents through both regions while functions fail now and then: none is lost or doubled."""

from __future__ import annotations

import json
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace

import pytest

from acts import arrived, registered, store, verified
from deployed import SOURCE, TARGET, Deployed
from documents import Document, documents, invalid_documents
from pytg.emulator import sandbox_directory
from pytg_sandbox.control import Sandbox
from support.dead_letters import redrive

pytestmark = pytest.mark.slow

PREFIX = "faults"
FLAKY = ("ingest", "replica-ledger", "stream-consumer", "verifier")
RATE = 0.15
PATIENCE_S = 300.0
BOTH = ((SOURCE, TARGET), (TARGET, SOURCE))
SIZES = (0, 2_000, 70_000, 1_000_000)  # bytes of white space at the end, which all kinds allow
VALID, TWICE, DELETED, INVALID = 80, 10, 10, 2  # a region; of the invalid, five each


@contextmanager
def failing(platform: Deployed) -> Iterator[None]:
    """A part of the invocations fails, before or after the work was done."""
    sandbox = Sandbox(sandbox_directory(platform.root))
    names = [
        platform.outputs("sync", region)["function_names"][purpose]
        for region in (SOURCE, TARGET)
        for purpose in FLAKY
    ]
    for name in names:
        sandbox.fail(name, RATE, when="either")
    try:
        yield
    finally:
        for name in names:
            sandbox.fail(name, 0, when="either")


def until(platform: Deployed, what: str, truth: Callable[[], object]) -> None:
    """Wait for `truth`, redriving meanwhile."""
    deadline = time.monotonic() + PATIENCE_S
    while not truth():
        assert time.monotonic() < deadline, what
        redrive(platform)
        time.sleep(1)


def valid(region: str) -> list[Document]:
    made = documents(f"{PREFIX}-{region}", VALID)
    return [replace(d, body=d.body + b" " * SIZES[n % len(SIZES)]) for n, d in enumerate(made)]


def invalid(region: str) -> dict[str, list[str]]:
    """The codes of the reasons by key, of documents to refuse."""
    return {d.key: [code] for d, code in refused(region)}


def refused(region: str) -> Iterator[tuple[Document, str]]:
    for number in range(INVALID):
        for code, document in invalid_documents(f"{PREFIX}-{region}/bad-{number}").items():
            yield document, code


def events(platform: Deployed, region: str) -> Counter[tuple[str, str]]:
    """How often each event was seen in `region`, by its kind and the document's key."""
    pages = platform.client("logs", region).get_paginator("filter_log_events")
    seen: Counter[tuple[str, str]] = Counter()
    for page in pages.paginate(logGroupName=platform.outputs("events", region)["log_group"]):
        for event in page["events"]:
            message = json.loads(event["message"])
            data = message["detail"].get("data", {})
            seen[message["detail-type"], f"{data.get('key')} {data.get('version_id')}"] += 1
    return seen


def test_every_valid_document_arrives_once_and_every_invalid_one_says_why(
    deployed: Deployed,
) -> None:
    put = {}
    with failing(deployed):
        for here, _ in BOTH:
            put[here] = store(deployed, here, valid(here))
            store(deployed, here, [document for document, _ in refused(here)])
            again = [document for document, _ in list(put[here].values())[:TWICE]]
            put[here] |= store(deployed, here, again)
        for here, there in BOTH:
            everything = put[here]
            until(deployed, "bytes", lambda: arrived(deployed, there, everything))  # noqa: B023 - used at once
            for region in (here, there):
                until(deployed, "metadata", lambda: registered(deployed, region, everything))  # noqa: B023 - used at once
            until(deployed, "verification", lambda: verified(deployed, there, everything))  # noqa: B023 - used at once
        gone = [key for here, _ in BOTH for key in list(put[here])[-DELETED:]]
        for here, _ in BOTH:
            for key in list(put[here])[-DELETED:]:
                deployed.delete(here, key)
        for region in (SOURCE, TARGET):
            until(
                deployed,
                "deletions",
                lambda: all(
                    deployed.status(region, key) == "deleted"  # noqa: B023 - used at once
                    for key in gone
                ),
            )

    until(deployed, "empty queues", lambda: redrive(deployed))

    for here, there in BOTH:
        assert dead_letters(deployed, here) == invalid(here)
        kept = {key: found for key, found in put[here].items() if key not in gone}
        assert len(kept) == VALID - DELETED
        for region in (here, there):
            assert set(kept) == {
                key
                for key in deployed.keys(region, deployed.bucket(region), f"{PREFIX}-{here}/")
                if "/bad-" not in key
            }
        once = events(deployed, here)
        for key, (_, version) in kept.items():
            name = "DocumentUpdated" if key in list(put[here])[:TWICE] else "DocumentRegistered"
            assert once[name, f"{key} {version}"] == 1, (name, key)
            assert once["DocumentSynced", f"{key} {version}"] == 1, key


def dead_letters(platform: Deployed, region: str) -> dict[str, list[str]]:
    """The codes of the reasons by key; a key that has two letters fails."""
    mine = [found for found in platform.refusals(region) if found[0].startswith(f"{PREFIX}-")]
    assert len(dict(mine)) == len(mine)
    return dict(mine)
