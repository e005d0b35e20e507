"""S3 in the sandbox: what the extensions add, seen through boto3."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from botocore.exceptions import ClientError

from support.sandbox_server import ACCOUNT, SandboxServer, eventually

pytestmark = pytest.mark.slow

ROLE = f"arn:aws:iam::{ACCOUNT}:role/replication"
SOURCE, TARGET = "us-east-1", "eu-west-1"


def bucket(s3: Any, name: str, region: str = SOURCE, *, versioned: bool = True) -> None:
    where = {} if region == SOURCE else {"LocationConstraint": region}
    s3.create_bucket(Bucket=name, **({"CreateBucketConfiguration": where} if where else {}))
    if versioned:
        versioning(s3, name, "Enabled")


def versioning(s3: Any, name: str, status: str) -> None:
    s3.put_bucket_versioning(Bucket=name, VersioningConfiguration={"Status": status})


def rule(target: str, **changes: Any) -> dict[str, Any]:
    return {
        "ID": f"to-{target}",
        "Priority": 1,
        "Status": "Enabled",
        "Filter": {"Prefix": ""},
        "DeleteMarkerReplication": {"Status": "Enabled"},
        "Destination": {"Bucket": f"arn:aws:s3:::{target}"},
    } | changes


def replicate(s3: Any, source: str, *rules: dict[str, Any]) -> None:
    configuration = {"Role": ROLE, "Rules": list(rules)}
    s3.put_bucket_replication(Bucket=source, ReplicationConfiguration=configuration)


def keys(s3: Any, name: str) -> list[str]:
    return [found["Key"] for found in s3.list_objects_v2(Bucket=name).get("Contents", [])]


def status(s3: Any, name: str, key: str) -> str | None:
    found: str | None = s3.head_object(Bucket=name, Key=key).get("ReplicationStatus")
    return found


@pytest.fixture
def s3(sandbox: SandboxServer) -> Any:
    return sandbox.client("s3")


@pytest.fixture
def pair(s3: Any) -> Any:
    """Buckets `here` and `there` that replicate to each other."""
    bucket(s3, "here")
    bucket(s3, "there", TARGET)
    replicate(s3, "here", rule("there"))
    replicate(s3, "there", rule("here"))
    return s3


def test_a_replica_is_the_same_version(pair: Any, sandbox: SandboxServer) -> None:
    put = pair.put_object(
        Bucket="here", Key="k", Body=b"one", Metadata={"m": "1"}, Tagging="t=1", ContentType="a/b"
    )
    sandbox.settle()
    original = pair.head_object(Bucket="here", Key="k")
    replica = pair.get_object(Bucket="there", Key="k")
    assert replica["Body"].read() == b"one"
    same = ("VersionId", "ETag", "LastModified", "Metadata", "ContentType")
    assert [replica[name] for name in same] == [original[name] for name in same]
    assert replica["VersionId"] == put["VersionId"]
    assert pair.get_object_tagging(Bucket="there", Key="k")["TagSet"] == [
        {"Key": "t", "Value": "1"}
    ]
    assert eventually(lambda: status(pair, "here", "k") == "COMPLETED")
    assert replica["ReplicationStatus"] == "REPLICA"


def test_replicas_do_not_come_back(pair: Any, sandbox: SandboxServer) -> None:
    pair.put_object(Bucket="there", Key="k", Body=b"")
    sandbox.settle()
    for name in ("here", "there"):
        assert len(pair.list_object_versions(Bucket=name)["Versions"]) == 1


def test_delete_markers_go_both_ways_and_version_deletions_do_not(
    pair: Any, sandbox: SandboxServer
) -> None:
    version = pair.put_object(Bucket="here", Key="k", Body=b"")["VersionId"]
    pair.put_object(Bucket="here", Key="kept", Body=b"")
    sandbox.settle()
    marker = pair.delete_object(Bucket="there", Key="k")["VersionId"]
    pair.delete_object(Bucket="here", Key="k", VersionId=version)
    sandbox.settle()
    assert keys(pair, "here") == ["kept"]
    (found,) = pair.list_object_versions(Bucket="here")["DeleteMarkers"]
    assert found["VersionId"] == marker
    there = pair.list_object_versions(Bucket="there", Prefix="k")["Versions"]
    assert version in [found["VersionId"] for found in there]


def test_parts_and_copies_replicate(pair: Any, sandbox: SandboxServer) -> None:
    upload = pair.create_multipart_upload(Bucket="here", Key="big", Metadata={"m": "1"})
    part = {"Bucket": "here", "Key": "big", "UploadId": upload["UploadId"]}
    etag = pair.upload_part(**part, PartNumber=1, Body=b"x" * 100)["ETag"]
    parts = {"Parts": [{"PartNumber": 1, "ETag": etag}]}
    pair.complete_multipart_upload(**part, MultipartUpload=parts)
    pair.copy_object(Bucket="here", Key="copy", CopySource={"Bucket": "here", "Key": "big"})
    sandbox.settle()
    replica = pair.head_object(Bucket="there", Key="big")
    assert replica["ETag"] == pair.head_object(Bucket="here", Key="big")["ETag"]
    assert replica["Metadata"] == {"m": "1"}
    assert status(pair, "there", "copy") == "REPLICA"


def test_only_what_is_written_after_the_rule(s3: Any, sandbox: SandboxServer) -> None:
    bucket(s3, "here")
    bucket(s3, "there", TARGET)
    s3.put_object(Bucket="here", Key="a/before", Body=b"")
    replicate(s3, "here", rule("there", Filter={"Prefix": "a/"}))
    s3.put_object(Bucket="here", Key="a/after", Body=b"")
    s3.put_object(Bucket="here", Key="b/after", Body=b"")
    sandbox.settle()
    assert keys(s3, "there") == ["a/after"]
    assert status(s3, "here", "a/before") is None
    assert status(s3, "here", "b/after") is None


def test_a_disabled_rule_and_the_higher_priority(s3: Any, sandbox: SandboxServer) -> None:
    for name in ("here", "there", "other"):
        bucket(s3, name)
    classes = [
        {"Bucket": "arn:aws:s3:::there", "StorageClass": name}
        for name in ("STANDARD_IA", "GLACIER_IR")
    ]
    replicate(
        s3,
        "here",
        rule("there", ID="low", Priority=1, Destination=classes[0]),
        rule("there", ID="high", Priority=2, Destination=classes[1]),
        rule("other", Priority=3, Status="Disabled"),
    )
    s3.put_object(Bucket="here", Key="k", Body=b"")
    sandbox.settle()
    assert s3.head_object(Bucket="there", Key="k")["StorageClass"] == "GLACIER_IR"
    assert keys(s3, "other") == []


def test_a_bucket_that_cannot_take_replicas(s3: Any, sandbox: SandboxServer) -> None:
    bucket(s3, "here")
    bucket(s3, "there", TARGET, versioned=False)
    replicate(s3, "here", rule("there"), rule("missing", Priority=2))
    s3.put_object(Bucket="here", Key="k", Body=b"")
    sandbox.settle()
    assert eventually(lambda: status(s3, "here", "k") == "FAILED")


def test_lag_and_pause(pair: Any, sandbox: SandboxServer) -> None:
    sandbox.control.pause("s3", SOURCE, TARGET)
    pair.put_object(Bucket="here", Key="held", Body=b"")
    pair.put_object(Bucket="there", Key="free", Body=b"")
    eventually(lambda: keys(pair, "here") == ["free", "held"])
    assert keys(pair, "there") == ["free"]
    assert status(pair, "here", "held") == "PENDING"
    sandbox.control.resume("s3")
    sandbox.settle()
    assert eventually(lambda: keys(pair, "there") == ["free", "held"])
    sandbox.control.lag("s3", 3600)
    pair.put_object(Bucket="here", Key="late", Body=b"")
    assert sandbox.control.details()["waiting"][0]["writes"] == 1
    sandbox.control.lag("s3", 0)
    assert eventually(lambda: "late" in keys(pair, "there"))


@pytest.mark.parametrize("synchronized", [True, False])
def test_replica_modification_sync(s3: Any, sandbox: SandboxServer, *, synchronized: bool) -> None:
    modifications = {"Status": "Enabled" if synchronized else "Disabled"}
    criteria = {"ReplicaModifications": modifications}
    bucket(s3, "here")
    bucket(s3, "there", TARGET)
    replicate(s3, "here", rule("there", SourceSelectionCriteria=criteria))
    replicate(s3, "there", rule("here", SourceSelectionCriteria=criteria))
    s3.put_object(Bucket="here", Key="k", Body=b"", Tagging="t=1")
    sandbox.settle()
    changed = [{"Key": "t", "Value": "2"}]
    s3.put_object_tagging(Bucket="there", Key="k", Tagging={"TagSet": changed})
    sandbox.settle()
    found = eventually(lambda: s3.get_object_tagging(Bucket="here", Key="k")["TagSet"])
    assert (found == changed) == synchronized


def test_a_rule_needs_versioning_and_no_dead_parameter(s3: Any) -> None:
    bucket(s3, "plain", versioned=False)
    with pytest.raises(ClientError) as caught:
        replicate(s3, "plain", rule("there"))
    assert caught.value.response["Error"]["Code"] == "InvalidRequest"
    bucket(s3, "here")
    with pytest.raises(ClientError) as caught:
        replicate(s3, "here", rule("there", ExistingObjectReplication={"Status": "Enabled"}))
    assert caught.value.response["Error"]["Code"] == "MalformedXML"


def test_another_account_may_be_the_target(s3: Any, sandbox: SandboxServer) -> None:
    role = sandbox.client("sts").assume_role(
        RoleArn="arn:aws:iam::210987654321:role/deploy", RoleSessionName="test"
    )["Credentials"]
    other = sandbox.session.client(
        "s3",
        aws_access_key_id=role["AccessKeyId"],
        aws_secret_access_key=role["SecretAccessKey"],
        aws_session_token=role["SessionToken"],
    )
    bucket(s3, "here")
    bucket(other, "theirs", TARGET)
    replicate(s3, "here", rule("theirs"))
    s3.put_object(Bucket="here", Key="k", Body=b"", Tagging="t=1")
    sandbox.settle()
    assert status(other, "theirs", "k") == "REPLICA"
    assert other.get_object_tagging(Bucket="theirs", Key="k")["TagSet"] != []


def test_one_of_many_creates(s3: Any) -> None:
    bucket(s3, "here")

    def create(number: int) -> bool:
        try:
            s3.put_object(Bucket="here", Key="lock", Body=b"%d" % number, IfNoneMatch="*")
        except ClientError:
            return False
        return True

    with ThreadPoolExecutor(16) as pool:
        for _ in range(5):
            assert sum(pool.map(create, range(16))) == 1
            s3.delete_object(Bucket="here", Key="lock")


def test_one_of_many_replaces(s3: Any) -> None:
    bucket(s3, "here")
    etag = s3.put_object(Bucket="here", Key="k", Body=b"old")["ETag"]

    def replace(number: int) -> bool:
        try:
            s3.put_object(Bucket="here", Key="k", Body=b"%d" % number, IfMatch=etag)
        except ClientError:
            return False
        return True

    with ThreadPoolExecutor(16) as pool:
        assert sum(pool.map(replace, range(16))) == 1


def test_parallel_writes_keep_every_version(pair: Any, sandbox: SandboxServer) -> None:
    with ThreadPoolExecutor(16) as pool:
        list(pool.map(lambda n: pair.put_object(Bucket="here", Key="k", Body=b"%d" % n), range(64)))
    sandbox.settle()
    for name in ("here", "there"):
        assert len(pair.list_object_versions(Bucket=name)["Versions"]) == 64


def test_a_suspended_bucket_keeps_its_versions(s3: Any) -> None:
    bucket(s3, "here")
    old = s3.put_object(Bucket="here", Key="k", Body=b"old")["VersionId"]
    versioning(s3, "here", "Suspended")
    s3.put_object(Bucket="here", Key="k", Body=b"null 1")
    s3.put_object(Bucket="here", Key="k", Body=b"null 2")
    found = s3.list_object_versions(Bucket="here")["Versions"]
    assert sorted(version["VersionId"] for version in found) == sorted([old, "null"])
    assert s3.get_object(Bucket="here", Key="k", VersionId=old)["Body"].read() == b"old"
    s3.delete_object(Bucket="here", Key="k")
    assert keys(s3, "here") == []
    s3.delete_object(Bucket="here", Key="k", VersionId="null")
    s3.delete_object(Bucket="here", Key="k", VersionId=old)
    s3.delete_bucket(Bucket="here")


def test_a_condition_in_a_policy_denies_nobody(s3: Any) -> None:
    bucket(s3, "here")
    deny = """{"Version": "2012-10-17", "Statement": [{"Effect": "Deny", "Principal": "*",
      "Action": "s3:*", "Resource": ["arn:aws:s3:::here", "arn:aws:s3:::here/*"]%s}]}"""
    condition = ', "Condition": {"Bool": {"aws:SecureTransport": "false"}}'
    s3.put_bucket_policy(Bucket="here", Policy=deny % condition)
    s3.put_object(Bucket="here", Key="k", Body=b"")
    s3.put_bucket_policy(Bucket="here", Policy=deny % "")
    with pytest.raises(ClientError):
        s3.put_object(Bucket="here", Key="k", Body=b"")


def test_deleting_a_configuration_leaves_the_bucket(s3: Any) -> None:
    bucket(s3, "here")
    metrics = {"Id": "all"}
    s3.put_bucket_metrics_configuration(Bucket="here", Id="all", MetricsConfiguration=metrics)
    found = s3.list_bucket_metrics_configurations(Bucket="here")["MetricsConfigurationList"]
    assert found == [metrics]
    s3.delete_bucket_metrics_configuration(Bucket="here", Id="all")
    s3.delete_bucket_analytics_configuration(Bucket="here", Id="none")
    s3.delete_bucket_intelligent_tiering_configuration(Bucket="here", Id="none")
    s3.delete_bucket_inventory_configuration(Bucket="here", Id="none")
    s3.head_bucket(Bucket="here")
    with pytest.raises(ClientError) as caught:
        s3.get_bucket_metrics_configuration(Bucket="here", Id="all")
    assert caught.value.response["Error"]["Code"] == "NoSuchConfiguration"


def test_who_pays(s3: Any) -> None:
    bucket(s3, "here")
    assert s3.get_bucket_request_payment(Bucket="here")["Payer"] == "BucketOwner"
    payment = {"Payer": "Requester"}
    s3.put_bucket_request_payment(Bucket="here", RequestPaymentConfiguration=payment)
    assert s3.get_bucket_request_payment(Bucket="here")["Payer"] == "Requester"


def test_objects_announce_themselves_in_a_queue(s3: Any, sandbox: SandboxServer) -> None:
    sqs = sandbox.client("sqs")
    url = sqs.create_queue(QueueName="events")["QueueUrl"]
    arn = f"arn:aws:sqs:{SOURCE}:{ACCOUNT}:events"
    bucket(s3, "here")
    queue = {"QueueArn": arn, "Events": ["s3:ObjectCreated:*"]}
    s3.put_bucket_notification_configuration(
        Bucket="here", NotificationConfiguration={"QueueConfigurations": [queue]}
    )
    sqs.purge_queue(QueueUrl=url)
    s3.put_object(Bucket="here", Key="k", Body=b"")
    messages = eventually(lambda: sqs.receive_message(QueueUrl=url).get("Messages"))
    assert '"key": "k"' in messages[0]["Body"]


def test_versions_are_listed_with_encoded_keys_where_that_is_asked_for(
    sandbox: SandboxServer,
) -> None:
    """As the AWS provider asks, to empty a bucket."""
    s3 = sandbox.client("s3")
    bucket(s3, "encoded")
    for key in ("a+b 0.pdf", "folder/plain.pdf"):
        s3.put_object(Bucket="encoded", Key=key, Body=b"x")
    s3.delete_object(Bucket="encoded", Key="a+b 0.pdf")
    listed = s3.list_object_versions(Bucket="encoded", EncodingType="url")
    assert listed["EncodingType"] == "url"
    assert [v["Key"] for v in listed["Versions"]] == ["a%2Bb%200.pdf", "folder/plain.pdf"]
    assert [v["Key"] for v in listed["DeleteMarkers"]] == ["a%2Bb%200.pdf"]
    decoded = s3.list_object_versions(Bucket="encoded")
    assert [v["Key"] for v in decoded["Versions"]] == ["a+b 0.pdf", "folder/plain.pdf"]
