"""Ingest: what arrives in the metadata table, and what in the dead letters."""

from __future__ import annotations

import json
import logging

import pytest
from lambda_world import SOURCE, TARGET, World

from docmig.aws import clients

SHA = "ed7002b439e9ac845f22357d822bac1444730fbdb6016d3ec9432297b9ec9f73"  # of b"content"


@pytest.fixture(autouse=True)
def _active(world: World) -> None:
    world.activate(SOURCE)


def test_a_document_is_recorded_in_its_normal_form(world: World) -> None:
    event = world.put(
        "incoming/a.pdf",
        ContentType="Application/X-PDF; charset=binary",
        Metadata={"Title": "  Zusammenfassung ", "sha256": SHA.upper()},
    )
    assert world.queue("ingest", event) == []
    (item,) = world.items()
    assert (item["pk"], item["sk"]) == ("doc#incoming/a.pdf", "meta")
    assert item["content_type"] == "application/pdf"
    assert item["checksum"] == f"sha256:{SHA}"
    assert item["origin_region"] == SOURCE
    assert item["attributes"] == {"title": "Zusammenfassung"}
    assert item["version"].startswith("00000001.")
    assert item["size"] == 7
    assert item["correlation_id"] == event["id"]


def test_repeats_of_an_event_change_nothing(world: World) -> None:
    event = world.put("a.pdf")
    assert world.queue("ingest", event, event) == []
    (first,) = world.items()
    world.forget()
    assert world.queue("ingest", event) == []
    assert world.items() == [first]
    assert world.letters() == []


def test_a_repeat_past_the_idempotency_record_meets_the_condition(world: World) -> None:
    event = world.put("a.pdf")
    world.queue("ingest", event)
    (first,) = world.items()
    table = world.table(world.idempotency(SOURCE))
    for lock in table.scan()["Items"]:
        table.delete_item(Key={"id": lock["id"]})
    assert world.queue("ingest", event) == []
    assert world.items() == [first]


def test_an_invalid_document_becomes_a_dead_letter_with_all_reasons(world: World) -> None:
    event = world.put(
        "setup.exe", b"", ContentType="application/x-msdownload", Metadata={"sha256": "nonsense"}
    )
    assert world.queue("ingest", event) == []
    (note,) = world.items()
    assert note["sk"] == f"refusal#{SOURCE}"
    assert note["version_id"] == event["detail"]["object"]["version-id"]
    (letter,) = world.letters()
    codes = {reason["code"] for reason in letter["reasons"]}
    assert codes == {"empty", "content-type-refused", "checksum-malformed"}
    assert json.loads(letter["record"]["body"]) == event
    assert letter["correlation_id"] == event["id"]


def test_a_wrong_checksum_is_refused(world: World) -> None:
    event = world.put("a.pdf", ChecksumAlgorithm="SHA256", Metadata={"sha256": "0" * 64})
    assert world.queue("ingest", event) == []
    assert [r["code"] for r in world.letters()[0]["reasons"]] == ["checksum-mismatch"]


@pytest.mark.parametrize("poison", ["not json", "[]", {"detail": {}}, {"detail-type": 1}])
def test_poison_becomes_a_dead_letter_and_stops_nobody(world: World, poison: object) -> None:
    event = world.put("a.pdf")
    assert world.queue("ingest", poison, event) == []
    assert [item["key"] for item in world.items()] == ["a.pdf"]
    (letter,) = world.letters()
    assert letter["record"]["messageId"] == "m0"


def test_only_the_failed_record_is_sent_again(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    events = [world.put(f"{n}.pdf") for n in range(3)]
    s3 = clients.s3(SOURCE)
    real = s3.head_object

    def failing(**arguments: object) -> object:
        if arguments["Key"] == "1.pdf":
            raise ConnectionError("S3 went away")
        return real(**arguments)  # type: ignore[arg-type]  # passed through

    monkeypatch.setattr(s3, "head_object", failing)
    assert world.queue("ingest", *events) == ["m1"]
    assert [item["key"] for item in world.items()] == ["0.pdf", "2.pdf"]
    monkeypatch.undo()
    world.be(SOURCE)
    assert world.queue("ingest", events[1]) == []
    assert len(world.items()) == 3
    assert world.letters() == []


def test_before_the_first_switch_the_source_is_active(world: World) -> None:
    world.table("test-a1-global-dynamodb-control").delete_item(
        Key={"pk": "control#traffic", "sk": "state"}
    )
    assert world.queue("ingest", world.put("a.pdf")) == []
    (item,) = world.items()
    assert item["version"].startswith("00000001.")


def _import(world: World, *keys: str, encoded: bool = False) -> dict[str, int]:
    batch = {"import_id": "run-1", "started_at": "2031-01-31T12:00:00.000Z", "encoded": encoded}
    event = {"BatchInput": batch, "Items": [{"Key": key} for key in keys]}
    counts: dict[str, int] = world.run("ingest", event)
    return counts


def test_the_import_records_what_has_no_record(world: World) -> None:
    """Keys of a listing are as they are: a plus sign is no space."""
    world.put("old+1.pdf")
    world.queue("ingest", world.put("known.pdf"))
    world.put("bad.exe", ContentType="application/x-msdownload")
    listed = ("old+1.pdf", "known.pdf", "bad.exe", "gone.pdf", "sentinel/us-east-1")
    expected = {"recorded": 1, "known": 1, "refused": 1, "skipped": 2}
    assert _import(world, *listed) == expected
    (letter,) = world.letters()
    assert letter["record"] == {"Key": "bad.exe"}
    again = _import(world, *listed)
    assert (again["recorded"], again["known"]) == (0, 2)
    assert len(world.letters()) == 1


def test_an_event_replaces_what_the_import_wrote_and_not_the_other_way(world: World) -> None:
    event = world.put("a.pdf")
    assert _import(world, "a.pdf")["recorded"] == 1
    assert world.queue("ingest", event) == []
    (item,) = world.items()
    assert item["correlation_id"] == event["id"]
    assert item["version_id"] == event["detail"]["object"]["version-id"]
    assert _import(world, "a.pdf")["known"] == 1


def test_keys_of_an_inventory_are_decoded(world: World) -> None:
    world.put("a b+c.pdf")
    assert _import(world, "a+b%2Bc.pdf", encoded=True)["recorded"] == 1


def test_replicas_and_sentinels_are_left_alone(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    copy, sentinel = world.put("a.pdf"), world.put("sentinel/us-east-1")
    s3 = clients.s3(SOURCE)
    real = s3.head_object
    monkeypatch.setattr(
        s3, "head_object", lambda **a: {**real(**a), "ReplicationStatus": "REPLICA"}
    )
    assert world.queue("ingest", copy, sentinel) == []
    assert world.items() == []
    assert world.letters() == []


def test_events_out_of_order_leave_the_latest(world: World) -> None:
    first, second = world.put("a.pdf", b"one"), world.put("a.pdf", b"three")
    assert world.queue("ingest", second, first) == []
    assert world.items()[0]["size"] == 5
    assert world.letters() == []


def test_a_deletion_is_recorded_and_a_late_creation_does_not_undo_it(world: World) -> None:
    created, deleted = world.put("a.pdf"), world.delete("a.pdf")
    assert world.queue("ingest", deleted, created) == []
    (item,) = world.items()
    assert item["status"] == "deleted"
    again = world.put("a.pdf")
    assert world.queue("ingest", again) == []
    assert world.items()[0]["status"] == "active"


def test_a_deletion_copied_from_the_peer_is_not_this_regions_to_record(world: World) -> None:
    world.be(TARGET)
    world.put("a.pdf", region=TARGET)
    deleted = world.delete("a.pdf", region=TARGET)
    assert world.queue("ingest", deleted) == []
    assert world.items(region=TARGET) == []


def test_an_overwrite_in_the_passive_region_is_kept_as_a_dead_letter(world: World) -> None:
    world.be(TARGET)
    world.table("test-a1-global-dynamodb-metadata", TARGET).put_item(
        Item={"pk": "doc#a.pdf", "sk": "meta", "version": "00000001." + "5" * 32}
    )
    event = world.put("a.pdf", region=TARGET)
    assert world.queue("ingest", event) == []
    assert [r["code"] for r in world.letters(TARGET)[0]["reasons"]] == ["written-in-passive-region"]
    assert world.items(region=TARGET)[0]["version"] == "00000001." + "5" * 32


def test_a_version_that_is_gone_is_a_dead_letter(world: World) -> None:
    event = world.event("Object Created", "a.pdf", "no-such-version", region=SOURCE)
    assert world.queue("ingest", event) == []
    assert [r["code"] for r in world.letters()[0]["reasons"]] == ["object-gone"]


def test_logs_are_json_lines_with_the_correlation_id(
    world: World, capsys: pytest.CaptureFixture[str]
) -> None:
    logging.Logger.manager.loggerDict.pop("ingest", None)  # else it writes to another test's output
    event = world.put("a.pdf")
    world.queue("ingest", event)
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    (log,) = [line for line in lines if line.get("message") == "record processed"]
    assert log["correlation_id"] == event["id"]
    assert log["service"] == "ingest"
    assert log["function_request_id"] == "request-1"
    (metrics,) = [line for line in lines if "_aws" in line]
    assert metrics["DocumentsApply"] == [1.0]
    assert metrics["environment"] == "test-a1"
    assert metrics["service"] == "ingest"
