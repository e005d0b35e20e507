"""S3 Batch Replication and Multi-Region Access Points, through boto3."""

from __future__ import annotations

from typing import Any

import pytest
from botocore.exceptions import ClientError

from support.sandbox_server import ACCOUNT, SandboxServer, eventually

pytestmark = pytest.mark.slow

RULE = {
    "ID": "there",
    "Priority": 1,
    "Status": "Enabled",
    "Filter": {"Prefix": ""},
    "DeleteMarkerReplication": {"Status": "Enabled"},
    "Destination": {"Bucket": "arn:aws:s3:::there"},
}


@pytest.fixture
def s3(sandbox: SandboxServer) -> Any:
    """Bucket `here` with objects a/0..a/4 and b/0, and then a rule to `there`."""
    s3 = sandbox.client("s3")
    west = {"LocationConstraint": "eu-west-1"}
    s3.create_bucket(Bucket="here")
    s3.create_bucket(Bucket="reports")
    s3.create_bucket(Bucket="there", CreateBucketConfiguration=west)
    for name in ("here", "there"):
        s3.put_bucket_versioning(Bucket=name, VersioningConfiguration={"Status": "Enabled"})
    for key in ("a/0", "a/1", "a/2", "a/3", "a/4", "b/0"):
        s3.put_object(Bucket="here", Key=key, Body=key.encode(), Metadata={"name": key})
    configuration = {"Role": f"arn:aws:iam::{ACCOUNT}:role/r", "Rules": [RULE]}
    s3.put_bucket_replication(Bucket="here", ReplicationConfiguration=configuration)
    return s3


def request(token: str, **changes: Any) -> dict[str, Any]:
    wanted = {
        "EligibleForReplication": True,
        "ObjectReplicationStatuses": ["NONE", "FAILED"],
        "KeyNameConstraint": {"MatchAnyPrefix": ["a/"]},
    }
    generator = {
        "SourceBucket": "arn:aws:s3:::here",
        "EnableManifestOutput": False,
        "Filter": wanted,
    }
    report = {
        "Enabled": True,
        "Bucket": "arn:aws:s3:::reports",
        "Format": "Report_CSV_20180820",
        "ReportScope": "AllTasks",
        "Prefix": "backfill",
    }
    return {
        "AccountId": ACCOUNT,
        "ClientRequestToken": token,
        "ConfirmationRequired": False,
        "ManifestGenerator": {"S3JobManifestGenerator": generator},
        "Operation": {"S3ReplicateObject": {}},
        "Priority": 1,
        "Report": report,
        "RoleArn": f"arn:aws:iam::{ACCOUNT}:role/batch",
    } | changes


def job(control: Any, identity: str) -> dict[str, Any]:
    found: dict[str, Any] = control.describe_job(AccountId=ACCOUNT, JobId=identity)["Job"]
    return found


def keys(s3: Any, bucket: str) -> list[str]:
    return [found["Key"] for found in s3.list_objects_v2(Bucket=bucket).get("Contents", [])]


def test_a_job_copies_what_was_there_before(s3: Any, sandbox: SandboxServer) -> None:
    control = sandbox.client("s3control")
    identity = control.create_job(**request("once"))["JobId"]
    eventually(lambda: job(control, identity)["Status"] == "Complete")
    assert job(control, identity)["ProgressSummary"] == {
        "TotalNumberOfTasks": 5,
        "NumberOfTasksSucceeded": 5,
        "NumberOfTasksFailed": 0,
    }
    assert keys(s3, "there") == ["a/0", "a/1", "a/2", "a/3", "a/4"]
    here, there = (s3.head_object(Bucket=name, Key="a/0") for name in ("here", "there"))
    assert here["ReplicationStatus"] == "COMPLETED"
    assert there["ReplicationStatus"] == "REPLICA"
    assert here["VersionId"] == there["VersionId"]
    (report,) = keys(s3, "reports")
    assert report == f"backfill/job-{identity}/results/succeeded.csv"
    rows = s3.get_object(Bucket="reports", Key=report)["Body"].read().decode().splitlines()
    assert rows[0] == f"here,a/0,{here['VersionId']},succeeded,200,,Successful"
    again = control.create_job(**request("again"))["JobId"]
    assert job(control, again)["ProgressSummary"]["TotalNumberOfTasks"] == 0
    assert control.create_job(**request("once"))["JobId"] == identity
    listed = control.list_jobs(AccountId=ACCOUNT, JobStatuses=["Complete"])["Jobs"]
    assert [found["JobId"] for found in listed] == [again, identity]


def test_a_held_job_can_be_cancelled(s3: Any, sandbox: SandboxServer) -> None:
    control = sandbox.client("s3control")
    sandbox.control.pause("s3", "us-east-1", "eu-west-1")
    identity = control.create_job(**request("held"))["JobId"]
    assert job(control, identity)["Status"] == "Active"
    change = {"AccountId": ACCOUNT, "JobId": identity, "RequestedJobStatus": "Cancelled"}
    assert control.update_job_status(**change)["Status"] == "Cancelled"
    sandbox.control.resume()
    sandbox.settle()
    assert keys(s3, "there") == []
    with pytest.raises(ClientError) as caught:
        control.update_job_status(**change)
    assert caught.value.response["Error"]["Code"] == "JobStatusException"


def test_a_job_may_wait_for_its_confirmation(s3: Any, sandbox: SandboxServer) -> None:
    control = sandbox.client("s3control")
    identity = control.create_job(**request("asks", ConfirmationRequired=True))["JobId"]
    assert job(control, identity)["Status"] == "Suspended"
    change = {"AccountId": ACCOUNT, "JobId": identity, "RequestedJobStatus": "Ready"}
    control.update_job_status(**change)
    eventually(lambda: job(control, identity)["Status"] == "Complete")
    assert len(keys(s3, "there")) == 5


def test_copies_that_fail_are_reported(s3: Any, sandbox: SandboxServer) -> None:
    suspended = {"Status": "Suspended"}
    s3.put_bucket_versioning(Bucket="there", VersioningConfiguration=suspended)
    control = sandbox.client("s3control")
    report = {**request("")["Report"], "ReportScope": "FailedTasksOnly"}
    identity = control.create_job(**request("fails", Report=report))["JobId"]
    eventually(lambda: job(control, identity)["Status"] == "Complete")
    assert job(control, identity)["ProgressSummary"]["NumberOfTasksFailed"] == 5
    assert keys(s3, "reports") == [f"backfill/job-{identity}/results/failed.csv"]
    assert s3.head_object(Bucket="here", Key="a/0")["ReplicationStatus"] == "FAILED"


def test_a_job_without_a_rule_fails(s3: Any, sandbox: SandboxServer) -> None:
    s3.delete_bucket_replication(Bucket="here")
    control = sandbox.client("s3control")
    identity = control.create_job(**request("no rule"))["JobId"]
    found = job(control, identity)
    assert found["Status"] == "Failed"
    assert "replication configuration" in found["FailureReasons"][0]["FailureReason"]


def test_an_unknown_job(sandbox: SandboxServer) -> None:
    with pytest.raises(ClientError) as caught:
        job(sandbox.client("s3control"), "nobody-knows")
    assert caught.value.response["Error"]["Code"] == "NoSuchJob"


@pytest.mark.usefixtures("s3")
def test_routes_of_a_multi_region_access_point(sandbox: SandboxServer) -> None:
    control = sandbox.client("s3control", "us-west-2")
    control.create_multi_region_access_point(
        AccountId=ACCOUNT,
        Details={"Name": "documents", "Regions": [{"Bucket": "here"}, {"Bucket": "there"}]},
    )
    point = control.get_multi_region_access_point(AccountId=ACCOUNT, Name="documents")
    point = {
        "AccountId": ACCOUNT,
        "Mrap": f"arn:aws:s3::{ACCOUNT}:accesspoint/{point['AccessPoint']['Alias']}",
    }

    def dials() -> dict[str, int]:
        routes = control.get_multi_region_access_point_routes(**point)["Routes"]
        return {route["Region"]: route["TrafficDialPercentage"] for route in routes}

    def turn(**regions: int) -> None:
        buckets = {"here": "us-east-1", "there": "eu-west-1"}
        updates = [
            {"Bucket": name, "Region": buckets[name], "TrafficDialPercentage": dial}
            for name, dial in regions.items()
        ]
        control.submit_multi_region_access_point_routes(**point, RouteUpdates=updates)

    assert dials() == {"us-east-1": 100, "eu-west-1": 100}
    turn(here=0)
    assert dials() == {"us-east-1": 0, "eu-west-1": 100}
    with pytest.raises(ClientError):
        turn(there=0)
    turn(here=100, there=0)
    assert dials() == {"us-east-1": 100, "eu-west-1": 0}
