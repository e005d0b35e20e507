"""Gate check and traffic switch."""

from __future__ import annotations

import time
from typing import Any

import pytest
from botocore.exceptions import EndpointConnectionError
from lambda_world import CONTROL, ENV, METADATA, SOURCE, TARGET, World, bucket

from docmig import control, keys, readiness
from docmig.aws import clients
from docmig.aws.bus import Bus
from docmig.aws.control_table import ControlTable
from docmig.aws.tables import MetadataTable
from docmig.failures import TransientError

ACCOUNT = "123456789012"
MRAP = f"arn:aws:s3::{ACCOUNT}:accesspoint/abc.mrap"


def switch(world: World, action: str, to: str = TARGET, **more: Any) -> Any:
    return world.run("traffic_switch", {"action": action, "to": to, "owner": "run-1", **more})


EVIDENCE = {"failed_operations": 0, "differences": 0, "iterator_age_ms": 0}


def measured(region: str) -> None:
    ControlTable(CONTROL, region).put(
        keys.recent_lag(region),
        {"lag_ms": 0, "complete": True, "measured_at_ms": round(time.time() * 1000)},
    )


def deliver_sentinel(monkeypatch: pytest.MonkeyPatch, region: str) -> None:
    """S3 copies the sentinel; moto does not, and would give it another version id."""
    s3 = clients.s3(region)
    head = {"ContentLength": 1, "ETag": "e", "LastModified": 0}
    monkeypatch.setattr(s3, "head_object", lambda **_: head)


def test_a_switch_there_and_back(estate: World, monkeypatch: pytest.MonkeyPatch) -> None:
    assert switch(estate, "init")["active_region"] == SOURCE
    assert switch(estate, "init")["epoch"] == 1
    for epoch, (old, new) in enumerate(((SOURCE, TARGET), (TARGET, SOURCE)), 2):
        fenced = switch(estate, "fence", new)
        assert (fenced["state"], fenced["epoch"], fenced["active_region"]) == ("fenced", epoch, old)
        assert switch(estate, "fence", new) == fenced
        drain = {"epoch": epoch, "evidence": EVIDENCE}
        first = switch(estate, "drain", new, **drain)
        assert not first["safe"]
        assert any("latency" in text for text in first["obstacles"])
        with pytest.raises(Exception, match="sentinel"):
            switch(estate, "switch", new, **drain)
        measured(old)
        deliver_sentinel(monkeypatch, new)
        assert switch(estate, "drain", new, **drain) == {
            "safe": True,
            "obstacles": [],
            "epoch": epoch,
        }
        assert switch(estate, "switch", new, **drain)["state"] == "switching"
        assert switch(estate, "routes", new) == {"done": True}
        done = switch(estate, "activate", new, epoch=epoch)
        assert (done["state"], done["active_region"]) == ("active", new)
        assert switch(estate, "activate", new, epoch=epoch)["epoch"] == epoch
    ssm = clients.ssm(TARGET)
    value = ssm.get_parameter(Name=f"/{ENV}/{TARGET}/active-region")["Parameter"]["Value"]
    assert value == '{"active_region": "us-east-1", "epoch": 3, "state": "active"}'


def test_evidence_that_is_missing_keeps_the_fence(estate: World) -> None:
    switch(estate, "init")
    switch(estate, "fence")
    measured(SOURCE)
    left = switch(estate, "drain", epoch=2)["obstacles"]
    for text in ("iterator age", "failed replications", "differences", "sentinel"):
        assert any(text in obstacle for obstacle in left), text


def test_messages_in_the_queue_keep_the_fence(estate: World) -> None:
    switch(estate, "init")
    switch(estate, "fence")
    sqs = clients.sqs(SOURCE)
    url = sqs.get_queue_url(QueueName=f"{ENV}-{SOURCE}-sqs-ingest")["QueueUrl"]
    sqs.send_message(QueueUrl=url, MessageBody="{}")
    left = switch(estate, "drain", epoch=2, evidence=EVIDENCE)["obstacles"]
    assert "messages in the queue: 1" in left


def test_compensation_gives_the_traffic_back(estate: World) -> None:
    switch(estate, "init")
    switch(estate, "fence")
    done = switch(estate, "compensate", epoch=2)
    assert (done["state"], done["active_region"]) == ("active", SOURCE)
    with pytest.raises(Exception, match="not fenced"):
        switch(estate, "switch", epoch=2, evidence=EVIDENCE)


def test_a_fence_that_the_old_region_does_not_show_is_not_confirmed(
    estate: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    switch(estate, "init")
    table = clients.table(CONTROL, TARGET)
    monkeypatch.setattr(table, "put_item", lambda **a: type(table).put_item(table, **a))
    with pytest.raises(Exception, match="does not show the fence"):
        switch(estate, "fence")
    assert switch(estate, "status")["fenced_at_ms"] == 0


def test_force_needs_the_loss_to_be_accepted(estate: World) -> None:
    switch(estate, "init")
    with pytest.raises(ValueError, match="accept_loss"):
        switch(estate, "force")
    done = switch(estate, "force", accept_loss=True)
    assert (done["active_region"], done["forced"], done["epoch"]) == (TARGET, True, 2)
    assert switch(estate, "force", accept_loss=True)["epoch"] == 2
    assert switch(estate, "rollback-plan")["procedure"] == "switch-back"


def test_routes_move_in_one_request(estate: World, monkeypatch: pytest.MonkeyPatch) -> None:
    estate.set(MRAP_ARN=MRAP)
    calls: list[dict[str, Any]] = []
    control = clients.s3control(SOURCE)
    monkeypatch.setattr(
        control, "submit_multi_region_access_point_routes", lambda **a: calls.append(a)
    )
    switch(estate, "init")
    (call,) = calls
    model = control.meta.service_model.operation_model("SubmitMultiRegionAccessPointRoutes")
    assert set(model.input_shape.required_members) <= set(call)
    dials = {u["Region"]: u["TrafficDialPercentage"] for u in call["RouteUpdates"]}
    assert dials == {SOURCE: 100, TARGET: 0}


def test_a_gate_without_evidence_is_closed_and_a_waiver_is_on_record(estate: World) -> None:
    switch(estate, "init")
    result = estate.run("gate_check", {"gate": "preflight", "owner": "run-1"})
    assert result["passed"] is False
    assert "active-in-source" not in result["failed"]
    assert {f"lag:{SOURCE}-to-{TARGET}", "verification:mismatched"} <= set(result["failed"])
    everything = [r["check"] for r in result["results"] if r["check"] != "active-in-source"]
    waived = estate.run("gate_check", {"waive": dict.fromkeys(everything, "a rehearsal")})
    assert waived["passed"] is True
    assert set(waived["waived"]) == set(everything)


def test_a_gate_reads_metrics_and_alarms_where_they_are(estate: World) -> None:
    switch(estate, "init")
    way = f"lag:{SOURCE}-to-{TARGET}"
    cloudwatch = clients.cloudwatch(SOURCE)
    names = {"environment": ENV, "service": "heartbeat", "from_region": SOURCE, "to_region": TARGET}
    for minute in range(12):
        cloudwatch.put_metric_data(
            Namespace="docmig",
            MetricData=[
                {
                    "MetricName": "CrossRegionVisibleLagMs",
                    "Dimensions": [{"Name": n, "Value": v} for n, v in sorted(names.items())],
                    "Timestamp": time.time() - 60 * minute - 1,
                    "Value": 300 + minute,
                }
            ],
        )
    result = estate.run("gate_check", {"checks": [way]})
    assert result["passed"] is True, result
    closed = estate.run("gate_check", {"checks": [way], "limits": {"lag_ms": 305}})
    assert closed["failed"] == [way]


def test_a_check_that_nobody_knows_closes_the_gate(estate: World) -> None:
    switch(estate, "init")
    result = estate.run("gate_check", {"checks": ["active-in-source", "no-such-check"]})
    assert result["failed"] == ["no-such-check"]


@pytest.mark.parametrize("handler", ["traffic_switch", "batch_starter"])
def test_an_unknown_action_is_refused(estate: World, handler: str) -> None:
    with pytest.raises(ValueError, match="known:"):
        estate.run(handler, {"action": "nonsense"})


def test_the_marker_is_written_in_the_old_region_once(estate: World) -> None:
    switch(estate, "init")
    switch(estate, "fence")
    switch(estate, "drain", epoch=2)
    first = MetadataTable(METADATA, TARGET).get(keys.marker(2))
    assert first is not None
    assert first["origin_region"] == SOURCE
    switch(estate, "drain", epoch=2)
    assert MetadataTable(METADATA, TARGET).get(keys.marker(2)) == first


def test_a_switch_to_the_source_is_told_as_a_rollback(
    estate: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    told: list[str] = []
    monkeypatch.setattr(Bus, "send", lambda _, *events: told.extend(e.detail_type for e in events))
    switch(estate, "fence", TARGET)
    switch(estate, "compensate", TARGET, epoch=2)
    assert told == ["CutoverStarted"], "the state machine tells a compensation"
    switch(estate, "force", TARGET, accept_loss=True)
    switch(estate, "fence", SOURCE)
    assert told[1:] == ["CutoverCompleted", "RollbackStarted"]


def test_a_switch_is_told_complete_though_a_parameter_cannot_be_written(
    estate: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    told: list[str] = []
    monkeypatch.setattr(Bus, "send", lambda _, *events: told.extend(e.detail_type for e in events))
    table = ControlTable(CONTROL, TARGET, SOURCE)
    fenced = control.fence(table.control(), target=TARGET, owner="run-1")
    table.replace(table.control(), control.begin_switch(fenced, owner="run-1", epoch=2))
    real = clients.ssm(SOURCE).put_parameter

    def refuse(**_: Any) -> None:
        raise EndpointConnectionError(endpoint_url="https://ssm")

    monkeypatch.setattr(clients.ssm(SOURCE), "put_parameter", refuse)
    with pytest.raises(TransientError, match=SOURCE):
        switch(estate, "activate", epoch=2)
    assert told == ["CutoverCompleted"]
    monkeypatch.setattr(clients.ssm(SOURCE), "put_parameter", real)
    assert switch(estate, "activate", epoch=2)["untold_regions"] == []


def failures(*values: float) -> None:
    """What S3 says has failed: the last value now, each other one five minutes before the next."""
    pairs = {
        "SourceBucket": bucket(SOURCE, "documents"),
        "DestinationBucket": bucket(TARGET, "documents"),
        "RuleId": readiness.RULE_ID,
    }
    for number, value in enumerate(reversed(values)):
        clients.cloudwatch(SOURCE).put_metric_data(
            Namespace="AWS/S3",
            MetricData=[
                {
                    "MetricName": "OperationsFailedReplication",
                    "Dimensions": [{"Name": n, "Value": v} for n, v in sorted(pairs.items())],
                    "Timestamp": time.time() - 300 * number - 1,
                    "Value": value,
                }
            ],
        )


@pytest.mark.parametrize(
    ("values", "minutes", "verified", "passed"),
    [
        ((0, 0, 0, 0), None, {}, True),
        ((0, 2, 0, 0), None, {}, False),
        ((0, 2, 0, 0), 1, {}, True),
        ((0, 2, 0, 0), 13, {}, False),
        ((0, 2, 0, 1), 1, {}, False),
        ((0, 2, 0, 0), 1, {"mismatched": 1}, False),
        ((0, 2, 0, 0), 1, {"checked": 0}, False),
        ((0, 2, 0, 0), 1, {"listed_region": TARGET}, False),
        ((0, 2, 0, 0), 1, {"listed_at_ms": None}, False),
    ],
)
def test_a_clean_verification_answers_for_what_had_failed_before_it(
    estate: World,
    values: tuple[float, ...],
    minutes: int | None,
    verified: dict[str, Any],
    *,
    passed: bool,
) -> None:
    switch(estate, "init")
    failures(*values)
    if minutes is not None:
        item = {
            "listed_at_ms": round((time.time() - 60 * minutes) * 1000),
            "listed_region": SOURCE,
            "finished_at_ms": round(time.time() * 1000),
            "checked": 3,
            "mismatched": 0,
            **verified,
        }
        ControlTable(CONTROL, SOURCE).put(keys.verification(), item)
    result = estate.run("gate_check", {"checks": [f"failed:{SOURCE}-to-{TARGET}"]})
    assert result["passed"] is passed, result


def test_the_first_switch_makes_the_control_item(estate: World) -> None:
    assert switch(estate, "status")["active_region"] == SOURCE
    assert estate.items(CONTROL) == []
    switch(estate, "init")
    assert estate.items(CONTROL) == [], "two regions might write the first one at once"
    assert switch(estate, "fence")["epoch"] == 2
    assert estate.items(CONTROL, TARGET)[0]["state"] == "fenced"
