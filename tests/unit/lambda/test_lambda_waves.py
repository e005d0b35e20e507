"""The batch starter: waves of documents that were there before, and their jobs."""

from __future__ import annotations

from typing import Any

import pytest
from botocore.stub import ANY, Stubber
from lambda_world import CHECKPOINTS, SOURCE, World

from docmig.aws import clients

UNCLEAN = {
    "Status": "Complete",
    "ProgressSummary": {
        "TotalNumberOfTasks": 3,
        "NumberOfTasksSucceeded": 2,
        "NumberOfTasksFailed": 1,
    },
}
NOTHING = {
    "Status": "Failed",
    "FailureReasons": [
        {"FailureReason": "Manifest generation found no keys matching filter criteria."}
    ],
}


def test_a_wave_is_started_once(estate: World, monkeypatch: pytest.MonkeyPatch) -> None:
    requests: list[dict[str, Any]] = []
    control = clients.s3control(SOURCE)

    def create_job(**arguments: Any) -> dict[str, str]:
        requests.append(arguments)
        return {"JobId": f"job-{len(requests)}"}

    monkeypatch.setattr(control, "create_job", create_job)
    job = {"Status": "Active"}
    monkeypatch.setattr(control, "describe_job", lambda **_: {"Job": job})
    event = {"action": "start", "migration_id": "m-1", "wave": 1, "prefixes": ["a/", "b/"]}
    first = estate.run("batch_starter", event)
    assert first["job_id"] == "job-1"
    assert estate.run("batch_starter", event) == first
    (request,) = requests
    generator = request["ManifestGenerator"]["S3JobManifestGenerator"]
    assert generator["Filter"]["ObjectReplicationStatuses"] == ["NONE", "FAILED"]
    assert generator["Filter"]["KeyNameConstraint"] == {"MatchAnyPrefix": ["a/", "b/"]}
    assert len(request["ClientRequestToken"]) == 64
    (item,) = estate.items(CHECKPOINTS)
    assert (item["pk"], item["sk"]) == ("migration#m-1", "step#seed#00001")
    retried = estate.run("batch_starter", {**event, "mode": "retry"})
    assert retried["token"] != first["token"]


@pytest.mark.parametrize(
    ("mode", "job", "again"),
    [
        ("seed", {"Status": "Active"}, False),
        ("seed", {"Status": "Failed"}, True),
        ("seed", {"Status": "Cancelled"}, True),
        ("seed", UNCLEAN, False),
        ("retry", UNCLEAN, True),
        ("seed", NOTHING, False),
        ("retry", NOTHING, False),
    ],
)
def test_a_job_that_ended_in_vain_is_followed_by_another(
    estate: World, monkeypatch: pytest.MonkeyPatch, mode: str, job: dict[str, Any], *, again: bool
) -> None:
    tokens: list[str] = []
    control = clients.s3control(SOURCE)

    def create_job(**arguments: Any) -> dict[str, str]:
        tokens.append(arguments["ClientRequestToken"])
        return {"JobId": f"job-{len(tokens)}"}

    monkeypatch.setattr(control, "create_job", create_job)
    monkeypatch.setattr(control, "describe_job", lambda **_: {"Job": job})
    event = {"action": "start", "mode": mode, "migration_id": "m", "wave": 1, "prefixes": ["a/"]}
    first, second = (estate.run("batch_starter", event)["job_id"] for _ in range(2))
    assert (first, second) == ("job-1", "job-2" if again else "job-1")
    assert len(set(tokens)) == len(tokens) == (2 if again else 1)


def test_the_request_is_one_that_s3_would_take(estate: World) -> None:
    control = clients.s3control(SOURCE)
    expected = dict.fromkeys(
        (
            *("AccountId", "ClientRequestToken", "ConfirmationRequired", "Description"),
            *("ManifestGenerator", "Operation", "Priority", "Report", "RoleArn"),
        ),
        ANY,
    )
    with Stubber(control) as stub:
        stub.add_response("create_job", {"JobId": "job-1"}, expected)
        estate.run(
            "batch_starter",
            {
                "action": "start",
                "migration_id": "m-1",
                "wave": 1,
                "prefixes": ["a/"],
                "created_before": "2031-01-31T12:00:00Z",
            },
        )


def test_a_job_is_clean_only_when_nothing_failed(
    estate: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(clients.s3control(SOURCE), "describe_job", lambda **_: {"Job": UNCLEAN})
    status = estate.run("batch_starter", {"action": "status", "job_id": "job-1"})
    assert (status["ended"], status["clean"]) == (True, False)


def test_waves_are_planned_from_prefixes(estate: World) -> None:
    loads = [{"prefix": f"{n}/", "objects": 10, "bytes": 100} for n in range(5)]
    planned = estate.run("batch_starter", {"action": "plan", "loads": loads, "most_objects": 25})
    assert [wave["objects"] for wave in planned["waves"]] == [20, 20, 10]
