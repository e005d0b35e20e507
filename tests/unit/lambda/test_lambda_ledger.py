"""The replica ledger and the heartbeat: what each region knows about the other."""

from __future__ import annotations

import json
from typing import Any

import pytest
from botocore.exceptions import EndpointConnectionError
from hypothesis import given
from hypothesis import strategies as st
from lambda_world import CONTROL, SOURCE, TARGET, World, bucket

from docmig import heartbeats, keys
from docmig.aws import clients
from docmig.aws.control_table import ControlTable
from docmig.heartbeats import Lag, Look


@pytest.fixture
def copies(world: World, monkeypatch: pytest.MonkeyPatch) -> World:
    """The functions run in the target, where every object is a copy."""
    world.activate(SOURCE)
    world.be(TARGET)
    s3 = clients.s3(TARGET)
    real = s3.head_object
    monkeypatch.setattr(
        s3, "head_object", lambda **a: {**real(**a), "ReplicationStatus": "REPLICA"}
    )
    return world


def test_a_copy_gets_an_item_of_its_own(copies: World) -> None:
    event = copies.put("a.pdf", region=TARGET)
    assert copies.queue("replica_ledger", event, event) == []
    item, note = copies.items(region=TARGET)
    assert note["pk"].startswith(f"unverified#{TARGET}#")
    assert (note["key"], note["version_id"]) == ("a.pdf", item["version_id"])
    assert "origin_region" not in note, "no event tells it"
    assert (item["pk"], item["sk"]) == ("doc#a.pdf", f"replica#{TARGET}")
    assert item["state"] == "arrived"
    assert item["version_id"] == event["detail"]["object"]["version-id"]
    assert item["verification"] == "pending"
    assert item["origin_region"] == TARGET


def test_an_original_is_not_in_the_ledger(world: World) -> None:
    world.activate(SOURCE)
    assert world.queue("replica_ledger", world.put("a.pdf")) == []
    assert world.items() == []


def test_a_delete_marker_that_arrived_follows_its_document(copies: World) -> None:
    created, deleted = copies.put("a.pdf", region=TARGET), copies.delete("a.pdf", region=TARGET)
    assert copies.queue("replica_ledger", deleted, created) == []
    item, _ = copies.items(region=TARGET)
    assert item["state"] == "deleted"


@pytest.fixture
def quick(world: World) -> World:
    world.activate(SOURCE)
    world.set(BEATS="2", INTERVAL_SECONDS="0.01", PATIENCE_SECONDS="0.05", POLL_SECONDS="0.01")
    return world


def test_a_beat_that_is_not_seen_counts_as_the_time_waited(quick: World) -> None:
    result = quick.run("heartbeat", {})
    assert result["complete"] is False
    assert result["lag_ms"] >= 50
    assert result["peer_silence_ms"] is None


def test_a_beat_that_is_seen(quick: World, monkeypatch: pytest.MonkeyPatch) -> None:
    real = ControlTable.put

    def both(self: ControlTable, key: keys.ItemKey, values: dict[str, Any]) -> None:
        for region in (SOURCE, TARGET):
            real(ControlTable(self.name, region), key, values)

    monkeypatch.setattr(ControlTable, "put", both)
    result = quick.run("heartbeat", {})
    assert result["complete"] is True
    assert result["beats"] == 2
    item = quick.table(CONTROL).get_item(Key={"pk": f"hb#{SOURCE}", "sk": "beat"})["Item"]
    assert item["beat"] > 0


def test_a_peer_region_that_is_down_is_a_lag_not_a_crash(
    quick: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    def down(**_: object) -> None:
        raise EndpointConnectionError(endpoint_url="https://dynamodb")

    monkeypatch.setattr(clients.table(CONTROL, TARGET), "get_item", down)
    assert quick.run("heartbeat", {})["complete"] is False


def test_a_sentinel_waits_for_its_copy(quick: World) -> None:
    assert quick.run("heartbeat", {})["sentinel_pending_ms"] == 0
    item = quick.table(CONTROL).get_item(Key={"pk": f"hb#{SOURCE}", "sk": "beat"})["Item"]
    later = quick.run("heartbeat", {})
    again = quick.table(CONTROL).get_item(Key={"pk": f"hb#{SOURCE}", "sk": "beat"})["Item"]
    assert later["sentinel_pending_ms"] > 0
    assert again["sentinel_version"] == item["sentinel_version"]
    versions = quick.s3().list_object_versions(Bucket=bucket(SOURCE, "documents"))["Versions"]
    assert [version["Key"] for version in versions] == [f"sentinel/{SOURCE}"]


def test_the_lag_metric_names_both_regions(
    quick: World, capsys: pytest.CaptureFixture[str]
) -> None:
    quick.run("heartbeat", {})
    lines = [json.loads(x) for x in capsys.readouterr().out.splitlines() if '"_aws"' in x]
    lags = [line for line in lines if "CrossRegionVisibleLagMs" in line]
    assert len(lags) == 2
    (directive,) = lags[0]["_aws"]["CloudWatchMetrics"]
    assert sorted(directive["Dimensions"][0]) == [
        "environment",
        "from_region",
        "service",
        "to_region",
    ]
    assert (lags[0]["from_region"], lags[0]["to_region"]) == (SOURCE, TARGET)


@given(st.lists(st.tuples(st.floats(0, 1e4), st.none() | st.integers(0, 5)), max_size=8))
def test_lag_is_that_of_the_first_look_that_shows_the_beat(
    steps: list[tuple[float, int | None]],
) -> None:
    times = sorted(1000 + at for at, _ in steps)
    looks = [Look(at, beat) for at, (_, beat) in zip(times, steps, strict=True)]
    lag = heartbeats.lag_of(3, 1000, looks)
    shown = [look.at_ms for look in looks if look.beat is not None and look.beat >= 3]
    assert lag.seen is bool(shown)
    last = shown[0] if shown else (times[-1] if times else 1000)
    assert lag.ms == pytest.approx(last - 1000)


@given(st.lists(st.builds(Lag, st.floats(0, 1e6), st.booleans()), min_size=1))
def test_a_summary_never_hides_a_beat_that_was_not_seen(lags: list[Lag]) -> None:
    summary = heartbeats.summarise(lags)
    assert summary.average_ms <= summary.maximum_ms * (1 + 1e-9)
    assert summary.p99_ms <= summary.maximum_ms == max(lag.ms for lag in lags)
    assert summary.complete == all(lag.seen for lag in lags)


def test_no_measurement_is_no_good_news() -> None:
    with pytest.raises(ValueError, match="no lag"):
        heartbeats.summarise([])
