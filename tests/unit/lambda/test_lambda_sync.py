"""Stream consumer, replication failures and verifier."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import pytest
from lambda_world import METADATA, SOURCE, TARGET, World, bucket

from docmig import inventory, keys
from docmig.aws import clients
from docmig.aws.bus import Bus
from docmig.migration_events import MigrationEvent, Source
from handlers import verifier


@pytest.fixture
def sent(world: World, monkeypatch: pytest.MonkeyPatch) -> list[MigrationEvent]:
    """Events in the order in which the bus got them."""
    world.activate(SOURCE)
    taken: list[MigrationEvent] = []
    real = Bus.send

    def send(self: Bus, *events: MigrationEvent) -> None:
        real(self, *events)
        taken.extend(events)

    monkeypatch.setattr(Bus, "send", send)
    return taken


def typed(item: dict[str, Any]) -> dict[str, Any]:
    return {
        name: {"N": str(value)} if isinstance(value, int) else {"S": value}
        for name, value in item.items()
    }


def change(number: int, old: dict[str, Any] | None, new: dict[str, Any] | None) -> dict[str, Any]:
    images = {"OldImage": old, "NewImage": new}
    return {
        "eventID": f"change-{number}",
        "eventName": "MODIFY",
        "eventSource": "aws:dynamodb",
        "awsRegion": SOURCE,
        "dynamodb": {
            "SequenceNumber": str(1000 + number),
            "ApproximateCreationDateTime": 1927713600.0,
            **{name: typed(image) for name, image in images.items() if image},
        },
    }


def meta(**values: Any) -> dict[str, Any]:
    return {
        "pk": "doc#a.pdf",
        "sk": "meta",
        "key": "a.pdf",
        "origin_region": SOURCE,
        "version": "00000001.1",
        "version_id": "v1",
        "status": "active",
        "updated_at": "2031-01-31T12:00:00.000Z",
        "correlation_id": "event-1",
        **values,
    }


def copy(**values: Any) -> dict[str, Any]:
    return {
        "pk": "doc#a.pdf",
        "sk": f"replica#{SOURCE}",
        "origin_region": SOURCE,
        "version_id": "v1",
        "state": "arrived",
        "verification": "pending",
        "lag_ms": 12,
        **values,
    }


@pytest.mark.parametrize(
    ("old", "new", "kinds"),
    [
        (None, meta(), ["DocumentRegistered"]),
        (meta(), meta(version="00000001.2"), ["DocumentUpdated"]),
        (meta(), meta(version="00000001.2", status="deleted"), ["DocumentDeleted"]),
        (meta(), meta(updated_at="2031-02-01T12:00:00.000Z"), []),
        (None, meta(origin_region=TARGET), []),
        (None, copy(), ["DocumentSynced"]),
        (copy(), copy(verification="verified"), ["DocumentVerified"]),
        (copy(), copy(verification="mismatch"), ["ChecksumMismatch"]),
        (copy(), copy(version_id="v2"), ["DocumentSynced"]),
        (meta(), None, ["MetadataRemoved"]),
    ],
)
def test_events_of_a_change(
    world: World,
    sent: list[MigrationEvent],
    old: dict[str, Any] | None,
    new: dict[str, Any] | None,
    kinds: list[str],
) -> None:
    record = change(1, old, new)
    assert world.run("stream_consumer", {"Records": [record]}) == {"batchItemFailures": []}
    assert [event.detail_type for event in sent] == kinds
    world.run("stream_consumer", {"Records": [record]})
    assert len(sent) == len(kinds)


def test_a_broken_or_regressed_item_is_a_dead_letter_with_both_images(
    world: World, sent: list[MigrationEvent]
) -> None:
    newer, older = meta(version="00000002.1"), meta(version="00000001.9", origin_region=TARGET)
    broken = {name: value for name, value in meta().items() if name != "version_id"}
    records = [change(1, newer, older), change(2, None, broken), change(3, None, meta())]
    assert world.run("stream_consumer", {"Records": records}) == {"batchItemFailures": []}
    codes = sorted(reason["code"] for letter in world.letters() for reason in letter["reasons"])
    assert codes == ["schema", "version-regressed"]
    (regressed,) = [
        letter for letter in world.letters() if letter["reasons"][0]["code"] != "schema"
    ]
    assert regressed["record"] == records[0]
    kinds = [event.detail_type for event in sent]
    assert kinds == ["DocumentSyncFailed", "DocumentSyncFailed", "DocumentRegistered"]


def test_a_bus_that_refuses_has_the_record_sent_again(
    world: World, sent: list[MigrationEvent], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert sent == []
    bus = clients.events(SOURCE)
    refusal = {"FailedEntryCount": 1, "Entries": [{"ErrorCode": "ThrottlingException"}]}
    monkeypatch.setattr(bus, "put_events", lambda **_: refusal)
    answer = world.run("stream_consumer", {"Records": [change(7, None, meta())]})
    assert answer == {"batchItemFailures": [{"itemIdentifier": "1007"}]}
    monkeypatch.undo()
    world.be(SOURCE)
    assert world.run("stream_consumer", {"Records": [change(7, None, meta())]}) == {
        "batchItemFailures": []
    }


def notice(reason: str, kind: str = "OperationFailedReplication", key: str = "a%20b.pdf") -> Any:
    return {
        "Records": [
            {
                "eventVersion": "2.2",
                "awsRegion": SOURCE,
                "eventTime": "2031-01-31T12:00:00.000Z",
                "eventName": f"s3:Replication:{kind}",
                "s3": {
                    "bucket": {"name": bucket(SOURCE, "documents")},
                    "object": {"key": key, "versionId": "v1", "sequencer": "00AA"},
                },
                "replicationEventData": {"failureReason": reason},
            }
        ]
    }


def test_failed_replications_are_kept_for_the_batch_job(
    world: World, sent: list[MigrationEvent]
) -> None:
    del sent
    late = notice("", "OperationMissedThreshold", "late.pdf")
    test_message = {"Service": "Amazon S3", "Event": "s3:TestEvent"}
    assert world.queue("replication_failures", notice("SrcObjectPending"), late, test_message) == []
    (item,) = world.items()
    assert (item["pk"], item["sk"]) == ("doc#a b.pdf", f"failure#{SOURCE}")
    assert (item["reason"], item["response"]) == ("SrcObjectPending", "retry")
    assert world.letters() == []


def test_a_copy_that_can_never_be_made_is_a_dead_letter_too(
    world: World, sent: list[MigrationEvent]
) -> None:
    assert world.queue("replication_failures", notice("DstObjectHardDeleted")) == []
    assert [item["response"] for item in world.items()] == ["impossible"]
    assert [letter["reasons"][0]["code"] for letter in world.letters()] == ["DstObjectHardDeleted"]
    assert [event.detail_type for event in sent] == ["DocumentSyncFailed"]


@pytest.fixture
def twins(world: World, monkeypatch: pytest.MonkeyPatch) -> World:
    """`a.pdf` and its metadata are in both regions; the functions run in the target."""
    world.activate(SOURCE)
    event = world.put("a.pdf")
    world.queue("ingest", event)
    world.table(METADATA, TARGET).put_item(Item=world.items()[0])
    world.put("a.pdf", region=TARGET)
    world.be(TARGET)
    here, there = clients.s3(TARGET), clients.s3(SOURCE)
    version = event["detail"]["object"]["version-id"]

    def head(**arguments: Any) -> Any:
        real = {**arguments}
        if arguments["Key"] == "a.pdf":
            real.pop("VersionId")
        return here_head(**real)

    here_head = here.head_object
    monkeypatch.setattr(here, "head_object", head)
    assert there is not here
    world.table(METADATA, TARGET).put_item(
        Item=copy(sk=f"replica#{TARGET}", version_id=version, origin_region=TARGET)
    )
    return world


def synced(world: World) -> dict[str, Any]:
    item = world.items(region=TARGET)[0]
    return {
        "detail": {
            "idempotency_key": "change-1",
            "correlation_id": "c",
            "occurred_at": "2031-01-31T12:00:00Z",
            "data": {"key": "a.pdf", "version_id": item["version_id"]},
        }
    }


def test_a_copy_that_agrees_is_verified(twins: World) -> None:
    assert twins.queue("verifier", synced(twins)) == []
    entry = twins.items(region=TARGET)[1]
    assert (entry["verification"], entry["differences"]) == ("verified", [])


def test_a_copy_that_differs_is_a_mismatch(twins: World) -> None:
    event = synced(twins)
    twins.put("a.pdf", b"other", region=TARGET)
    assert twins.queue("verifier", event) == []
    entry = twins.items(region=TARGET)[1]
    assert entry["verification"] == "mismatch"
    assert "object.size" in entry["differences"]


def test_a_copy_before_its_metadata_is_looked_at_again(twins: World) -> None:
    event = synced(twins)
    twins.table(METADATA, TARGET).delete_item(Key={"pk": "doc#a.pdf", "sk": "meta"})
    assert twins.queue("verifier", event) == ["m0"]


def test_bytes_are_compared_where_that_is_asked_for(
    twins: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HASH_BYTES_UP_TO", "1000")
    verifier.application.cache_clear()
    here = clients.s3(TARGET)
    real = here.get_object
    monkeypatch.setattr(here, "get_object", lambda **a: real(Bucket=a["Bucket"], Key=a["Key"]))
    assert twins.queue("verifier", synced(twins)) == []
    assert twins.items(region=TARGET)[1]["verification"] == "verified"


def test_batches_of_the_inventory_add_up_to_what_the_gate_reads(twins: World) -> None:
    version = twins.items(region=TARGET)[0]["version_id"]
    rows = [
        {"Key": "a.pdf", "VersionId": version, "IsLatest": "true", "IsDeleteMarker": "false"},
        {"Key": "gone%20.pdf", "VersionId": "x", "IsLatest": "true", "IsDeleteMarker": "false"},
        {"Key": "sentinel/us-east-1", "VersionId": "x", "IsLatest": "true"},
        {"Key": "b.pdf", "VersionId": "m", "IsLatest": "true", "IsDeleteMarker": "true"},
    ]
    batch = {"BatchInput": {"verification_id": "v-1", "encoded": True}, "Items": rows}
    first = twins.run("verifier", batch)
    assert (first["checked"], first["matched"], first["skipped"]) == (2, 1, 2)
    assert twins.run("verifier", batch)["evidence"] == first["evidence"]
    summary = twins.run("verifier", {"action": "finish", "verification_id": "v-1"})
    assert (summary["parts"], summary["checked"], summary["clean"]) == (1, 2, False)
    assert (summary["listed_region"], summary["listed_at_ms"]) == (TARGET, 0)
    body = twins.s3(TARGET).get_object(Bucket=bucket(TARGET, "ops"), Key=first["evidence"])["Body"]
    (mismatch,) = json.loads(body.read())["mismatches"]
    assert (mismatch["key"], mismatch["version_id"]) == ("gone .pdf", "x")
    assert mismatch["differences"] == ["object-gone"]


@pytest.mark.parametrize(
    ("started_at", "manifest", "listed"),
    [
        ("2031-01-31T12:00:00.123Z", "", datetime(2031, 1, 31, 12, 0, 0, 123000, UTC)),
        (
            "2031-01-31T12:00:00Z",
            "inventory/bucket/all/2031-01-30T01-00Z/manifest.json",
            datetime(2031, 1, 30, 1, tzinfo=UTC),
        ),
        ("2031-01-31T12:00:00Z", "elsewhere/manifest.json", None),
        ("", "", None),
    ],
)
def test_a_verification_knows_as_of_when_it_compared(
    started_at: str, manifest: str, listed: datetime | None
) -> None:
    assert inventory.listed_at(started_at, manifest) == (listed.timestamp() if listed else 0)


def _note(world: World, version: str) -> None:
    key = keys.unverified("a.pdf", version, TARGET)
    item = {**key.as_dict(), "key": "a.pdf", "version_id": version}
    world.table(METADATA, TARGET).put_item(Item=item)


def test_a_delta_compares_what_nobody_has_compared(twins: World) -> None:
    version = twins.items(region=TARGET)[0]["version_id"]
    _note(twins, version)
    done = twins.run("verifier", {"action": "delta"})
    assert done == {"checked": 1, "differences": 0, "examples": []}
    assert twins.run("verifier", {"action": "delta"})["checked"] == 0


def test_a_delta_counts_what_differs_and_what_it_did_not_reach(twins: World) -> None:
    version = twins.items(region=TARGET)[0]["version_id"]
    _note(twins, version)
    assert twins.run("verifier", {"action": "delta", "most": 0})["differences"] == 1
    twins.put("a.pdf", b"other", region=TARGET)
    for _ in range(2):
        found = twins.run("verifier", {"action": "delta"})
        assert (found["differences"], found["examples"]) == (1, ["a.pdf"])


def test_a_copy_of_a_refused_document_is_verified_without_metadata(twins: World) -> None:
    event = synced(twins)
    version = event["detail"]["data"]["version_id"]
    twins.table(METADATA, TARGET).delete_item(Key={"pk": "doc#a.pdf", "sk": "meta"})
    twins.table(METADATA, TARGET).put_item(
        Item={**keys.refusal("a.pdf", SOURCE).as_dict(), "version_id": version}
    )
    assert twins.queue("verifier", event) == []
    row = {"Key": "a.pdf", "VersionId": version, "IsLatest": "true"}
    twins.table(METADATA, SOURCE).delete_item(Key={"pk": "doc#a.pdf", "sk": "meta"})
    batch = {"BatchInput": {"verification_id": "v-2", "encoded": True}, "Items": [row]}
    assert twins.run("verifier", batch)["matched"] == 1


@pytest.mark.usefixtures("world")
def test_the_bus_sends_again_only_what_it_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    bus = clients.events(SOURCE)
    asked: list[list[str]] = []

    def put_events(Entries: list[dict[str, Any]]) -> dict[str, Any]:  # noqa: N803 - boto3's name
        asked.append([entry["DetailType"] for entry in Entries])
        refused = len(asked) == 1
        codes = [{"ErrorCode": "Throttled"} if refused and n else {} for n in range(len(Entries))]
        return {"FailedEntryCount": sum(map(len, codes)), "Entries": codes}

    monkeypatch.setattr(bus, "put_events", put_events)
    now = datetime(2031, 1, 31, tzinfo=UTC)
    events = [MigrationEvent(Source.SYNC, kind, "c", kind, now, {}) for kind in ("A", "B", "C")]
    Bus("bus", SOURCE, "test-a1").send(*events)
    assert asked == [["A", "B", "C"], ["B", "C"]]
