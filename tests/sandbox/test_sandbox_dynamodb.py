"""DynamoDB global tables in the sandbox, through boto3."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import pytest
from botocore.exceptions import ClientError

from support.sandbox_server import ACCOUNT, SandboxServer, eventually

pytestmark = pytest.mark.slow

SOURCE, TARGET = "us-east-1", "eu-west-1"


@dataclass(frozen=True)
class Replica:
    """The table `records` in one region."""

    dynamodb: Any

    def put(self, key: str, value: str, **more: Any) -> None:
        self.dynamodb.put_item(TableName="records", Item=item(key, value), **more)

    def get(self, key: str) -> str | None:
        found = self.dynamodb.get_item(TableName="records", Key={"id": {"S": key}}).get("Item")
        return found["value"]["S"] if found else None

    def delete(self, key: str) -> None:
        self.dynamodb.delete_item(TableName="records", Key={"id": {"S": key}})

    def describe(self) -> dict[str, Any]:
        table: dict[str, Any] = self.dynamodb.describe_table(TableName="records")["Table"]
        return table

    def replicas(self, *updates: dict[str, Any]) -> None:
        self.dynamodb.update_table(TableName="records", ReplicaUpdates=list(updates))


def item(key: str, value: str) -> dict[str, Any]:
    return {"id": {"S": key}, "value": {"S": value}}


@pytest.fixture
def here(sandbox: SandboxServer) -> Replica:
    dynamodb = sandbox.client("dynamodb")
    dynamodb.create_table(
        TableName="records",
        KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
        BillingMode="PAY_PER_REQUEST",
    )
    return Replica(dynamodb)


@pytest.fixture
def there(sandbox: SandboxServer, here: Replica) -> Replica:
    here.put("before", "0")
    here.replicas({"Create": {"RegionName": TARGET}})
    return Replica(sandbox.client("dynamodb", TARGET))


def test_a_new_replica_has_the_items(here: Replica, there: Replica) -> None:
    assert there.get("before") == "0"
    assert [found["RegionName"] for found in here.describe()["Replicas"]] == [TARGET]
    assert [found["RegionName"] for found in there.describe()["Replicas"]] == [SOURCE]
    assert here.describe()["GlobalTableVersion"] == "2019.11.21"


def test_every_kind_of_write_arrives(here: Replica, there: Replica, sandbox: SandboxServer) -> None:
    there.put("put", "1")
    here.dynamodb.batch_write_item(
        RequestItems={"records": [{"PutRequest": {"Item": item(k, "2")}} for k in ("a", "b")]}
    )
    here.dynamodb.update_item(
        TableName="records",
        Key={"id": {"S": "updated"}},
        UpdateExpression="SET #v = :v",
        ExpressionAttributeNames={"#v": "value"},
        ExpressionAttributeValues={":v": {"S": "3"}},
    )
    here.dynamodb.transact_write_items(
        TransactItems=[
            {"Put": {"TableName": "records", "Item": item("transacted", "4")}},
            {"Delete": {"TableName": "records", "Key": {"id": {"S": "before"}}}},
        ]
    )
    sandbox.settle()
    expected = {"put": "1", "a": "2", "b": "2", "updated": "3", "transacted": "4", "before": None}
    for replica in (here, there):
        assert {key: replica.get(key) for key in expected} == expected


def test_the_last_writer_wins(here: Replica, there: Replica, sandbox: SandboxServer) -> None:
    sandbox.control.pause("dynamodb", "*", "*")
    here.put("k", "first")
    there.put("k", "second")
    there.put("gone", "first")
    here.put("gone", "second")
    there.delete("gone")
    here.put("back", "first")
    sandbox.control.resume()
    sandbox.settle()
    for replica in (here, there):
        eventually(lambda replica=replica: replica.get("k") == "second")
        eventually(lambda replica=replica: replica.get("gone") is None)
        eventually(lambda replica=replica: replica.get("back") == "first")


def test_an_outage_of_one_direction(here: Replica, there: Replica, sandbox: SandboxServer) -> None:
    sandbox.control.pause("dynamodb", SOURCE, TARGET)
    here.put("held", "1")
    there.put("free", "1")
    eventually(lambda: here.get("free") == "1")
    assert there.get("held") is None
    sandbox.control.resume("dynamodb", SOURCE, TARGET)
    eventually(lambda: there.get("held") == "1")


def test_a_cancelled_transaction_leaves_no_trace(
    here: Replica, there: Replica, sandbox: SandboxServer
) -> None:
    here.dynamodb.update_item(
        TableName="records",
        Key={"id": {"S": "before"}},
        UpdateExpression="SET #v = :v",
        ExpressionAttributeNames={"#v": "value"},
        ExpressionAttributeValues={":v": {"S": "1"}},
    )
    condition = {"ConditionExpression": "attribute_not_exists(id)"}
    update = {
        "TableName": "records",
        "Key": {"id": {"S": "before"}},
        "UpdateExpression": "SET #v = :v",
        "ExpressionAttributeNames": {"#v": "value"},
        "ExpressionAttributeValues": {":v": {"S": "2"}},
    }
    with pytest.raises(ClientError) as caught:
        here.dynamodb.transact_write_items(
            TransactItems=[
                {"Put": {"TableName": "records", "Item": item("new", "2")}},
                {"Update": update},
                {"Put": {"TableName": "records", "Item": item("other", "2"), **condition}},
                {
                    "ConditionCheck": {
                        "TableName": "records",
                        "Key": {"id": {"S": "missing"}},
                        "ConditionExpression": "attribute_exists(id)",
                    }
                },
            ]
        )
    assert caught.value.response["Error"]["Code"] == "TransactionCanceledException"
    there.put("later", "3")
    sandbox.settle()
    eventually(lambda: here.get("later") == "3")
    for replica in (here, there):
        assert replica.get("before") == "1"
        assert replica.get("new") is None
        assert replica.get("other") is None


def test_settings_that_follow_and_settings_that_do_not(here: Replica, there: Replica) -> None:
    lifetime = {"AttributeName": "expires", "Enabled": True}
    here.dynamodb.update_time_to_live(TableName="records", TimeToLiveSpecification=lifetime)
    told = there.dynamodb.describe_time_to_live(TableName="records")["TimeToLiveDescription"]
    assert told == {"AttributeName": "expires", "TimeToLiveStatus": "ENABLED"}
    arn = f"arn:aws:dynamodb:{SOURCE}:{ACCOUNT}:table/records"
    here.dynamodb.tag_resource(ResourceArn=arn, Tags=[{"Key": "a", "Value": "1"}])
    there_arn = arn.replace(SOURCE, TARGET)
    assert there.dynamodb.list_tags_of_resource(ResourceArn=there_arn)["Tags"] == []
    recovery = {"PointInTimeRecoveryEnabled": True}
    here.dynamodb.update_continuous_backups(
        TableName="records", PointInTimeRecoverySpecification=recovery
    )
    backups = there.dynamodb.describe_continuous_backups(TableName="records")
    state = backups["ContinuousBackupsDescription"]["PointInTimeRecoveryDescription"]
    assert state["PointInTimeRecoveryStatus"] == "DISABLED"


def test_the_source_stays_while_replicas_exist(here: Replica, there: Replica) -> None:
    with pytest.raises(ClientError) as caught:
        here.dynamodb.delete_table(TableName="records")
    assert "acted as a source region" in caught.value.response["Error"]["Message"]
    with pytest.raises(ClientError):
        there.replicas({"Delete": {"RegionName": SOURCE}})
    here.replicas({"Delete": {"RegionName": TARGET}})
    assert there.dynamodb.list_tables()["TableNames"] == []
    assert "Replicas" not in here.describe()
    here.put("alone", "1")
    here.dynamodb.delete_table(TableName="records")


def test_a_replica_may_be_deleted_as_a_table(here: Replica, there: Replica) -> None:
    there.dynamodb.delete_table(TableName="records")
    assert "Replicas" not in here.describe()


def test_a_table_that_is_gone_is_named(sandbox: SandboxServer) -> None:
    """By that text Terraform knows that a deletion, asked for again, has been done."""
    with pytest.raises(ClientError, match="Requested resource not found: Table: gone not found"):
        sandbox.client("dynamodb").delete_table(TableName="gone")


def test_a_replica_cannot_be_where_a_table_is(here: Replica, there: Replica) -> None:
    for region in (SOURCE, TARGET):
        with pytest.raises(ClientError) as caught:
            here.replicas({"Create": {"RegionName": region}})
        assert caught.value.response["Error"]["Code"] == "ValidationException"
    assert there.get("before") == "0"


def test_both_streams_show_every_write(
    here: Replica, there: Replica, sandbox: SandboxServer
) -> None:
    here.put("k", "1")
    sandbox.settle()
    eventually(lambda: there.get("k") == "1")
    for region, replica in ((SOURCE, here), (TARGET, there)):
        streams = sandbox.client("dynamodbstreams", region)
        arn = replica.describe()["LatestStreamArn"]
        stream = streams.describe_stream(StreamArn=arn)["StreamDescription"]
        start = streams.get_shard_iterator(
            StreamArn=arn,
            ShardId=stream["Shards"][0]["ShardId"],
            ShardIteratorType="TRIM_HORIZON",
        )["ShardIterator"]
        records = streams.get_records(ShardIterator=start)["Records"]
        assert item("k", "1") in [record["dynamodb"]["NewImage"] for record in records]
        assert {record["awsRegion"] for record in records} == {region}


def test_table_settings_that_moto_drops(sandbox: SandboxServer) -> None:
    dynamodb = sandbox.client("dynamodb")
    limits = {"MaxReadRequestUnits": 10, "MaxWriteRequestUnits": 20}
    index = {
        "IndexName": "by-id",
        "KeySchema": [{"AttributeName": "id", "KeyType": "HASH"}],
        "Projection": {"ProjectionType": "ALL"},
        "OnDemandThroughput": limits,
    }
    dynamodb.create_table(
        TableName="records",
        KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
        BillingMode="PAY_PER_REQUEST",
        OnDemandThroughput=limits,
        TableClass="STANDARD_INFREQUENT_ACCESS",
        GlobalSecondaryIndexes=[index],
    )
    table = dynamodb.describe_table(TableName="records")["Table"]
    assert table["OnDemandThroughput"] == limits
    assert table["TableClassSummary"]["TableClass"] == "STANDARD_INFREQUENT_ACCESS"
    assert table["GlobalSecondaryIndexes"][0]["OnDemandThroughput"] == limits


def test_one_of_many_creates_an_item(here: Replica) -> None:
    def create(number: int) -> bool:
        try:
            here.put("lock", str(number), ConditionExpression="attribute_not_exists(id)")
        except here.dynamodb.exceptions.ConditionalCheckFailedException:
            return False
        return True

    with ThreadPoolExecutor(16) as pool:
        for _ in range(5):
            assert sum(pool.map(create, range(16))) == 1
            here.delete("lock")


def test_parallel_counters_lose_nothing(here: Replica) -> None:
    def count(_: int) -> None:
        here.dynamodb.update_item(
            TableName="records",
            Key={"id": {"S": "counter"}},
            UpdateExpression="ADD n :one",
            ExpressionAttributeValues={":one": {"N": "1"}},
        )

    with ThreadPoolExecutor(16) as pool:
        list(pool.map(count, range(64)))
    key = {"id": {"S": "counter"}}
    assert here.dynamodb.get_item(TableName="records", Key=key)["Item"]["n"] == {"N": "64"}
