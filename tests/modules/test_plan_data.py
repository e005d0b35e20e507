"""What holds documents, metadata and code, read from the plan of a whole environment."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import pytest

from support.whole_plan import SOURCE, TARGET, Resource, WholePlan, plan

__all__ = ["plan"]

pytestmark = pytest.mark.slow

# What each bucket has beside itself, and what must hold in it.
PUBLIC = {
    "block_public_acls": True,
    "block_public_policy": True,
    "ignore_public_acls": True,
    "restrict_public_buckets": True,
}
BUCKET_SETTINGS: dict[str, dict[str, Any]] = {
    "aws_s3_bucket_versioning": {"versioning_configuration": [{"status": "Enabled"}]},
    "aws_s3_bucket_public_access_block": PUBLIC,
    "aws_s3_bucket_ownership_controls": {"rule": [{"object_ownership": "BucketOwnerEnforced"}]},
    "aws_s3_bucket_server_side_encryption_configuration": {
        "rule": [
            {
                "apply_server_side_encryption_by_default": [
                    {"kms_master_key_id": "", "sse_algorithm": "AES256"}
                ],
                "bucket_key_enabled": True,
            }
        ]
    },
}
REFUSALS = {
    "plain HTTP": {"Bool": {"aws:SecureTransport": "false"}},
    "old TLS": {"NumericLessThan": {"s3:TlsVersion": "1.2"}},
}
# EventBridge's flag is about rules that AWS manages, the object's about locks; there are none.
ALWAYS_FALSE = {"aws_cloudwatch_event_rule", "aws_cloudwatch_event_target", "aws_s3_object"}


def everywhere(values: Any) -> Iterator[tuple[str, Any]]:
    """Every key below `values`, however deep, with its value."""
    if isinstance(values, Mapping):
        for key, value in values.items():
            yield key, value
            yield from everywhere(value)
    elif isinstance(values, list):
        for value in values:
            yield from everywhere(value)


def beside(plan: WholePlan, bucket: Resource, kind: str) -> Resource:
    """The one setting of this kind of a bucket."""
    found = [r for r in plan.of(kind) if r.values["bucket"] == bucket.values["bucket"]]
    assert len(found) == 1, (kind, bucket.address)
    return found[0]


def test_everything_is_in_the_first_plan(plan: WholePlan) -> None:
    """Keys of `for_each` and `count` are known: one stage, and no unit left out."""
    assert plan.commands == ("plan", "show")
    assert set(plan.statuses.values()) == {"succeeded"}
    assert plan.document["complete"]
    assert not plan.document["errored"]
    modules = {(r.place, r.module) for r in plan.resources}
    regional = "storage replication events sync monitoring traffic orchestration protection ingest"
    assert modules == {(region, m) for region in (SOURCE, TARGET) for m in regional.split()} | {
        ("global", m) for m in ("backend", "iam", "tables")
    }


@pytest.mark.parametrize("kind", sorted(BUCKET_SETTINGS))
def test_every_bucket_has_this(plan: WholePlan, kind: str) -> None:
    buckets = plan.of("aws_s3_bucket")
    assert len(buckets) == 7
    for bucket in buckets:
        setting = beside(plan, bucket, kind)
        found = {name: setting.values[name] for name in BUCKET_SETTINGS[kind]}
        assert found == BUCKET_SETTINGS[kind], bucket.address


@pytest.mark.parametrize("what", sorted(REFUSALS))
def test_every_bucket_refuses(plan: WholePlan, what: str) -> None:
    for bucket in plan.of("aws_s3_bucket"):
        policy = beside(plan, bucket, "aws_s3_bucket_policy")
        arn = f"arn:aws:s3:::{bucket.values['bucket']}"
        wanted = {
            "Effect": "Deny",
            "Principal": "*",
            "Action": "s3:*",
            "Resource": [arn, f"{arn}/*"],
            "Condition": REFUSALS[what],
        }
        bodies = [s.body for s in plan.statements if s.holder == policy]
        assert any(wanted.items() <= body.items() for body in bodies), bucket.address


def test_buckets_and_vaults_go_with_what_is_in_them(plan: WholePlan) -> None:
    holders = [r for r in plan.resources if "force_destroy" in r.attributes]
    kinds = {r.type for r in holders} - ALWAYS_FALSE
    assert kinds == {"aws_s3_bucket", "aws_backup_vault"}
    kept = [r.address for r in holders if r.type in kinds and not r.values["force_destroy"]]
    assert kept == []


def test_nothing_is_protected_from_deletion(plan: WholePlan) -> None:
    protecting = ("deletion_protection_enabled", "deletion_protection", "skip_destroy")
    found = [
        (r.address, key)
        for r in plan.resources
        for key, value in everywhere(r.values)
        if key in protecting and value
    ]
    assert found == []
    locks = plan.of("aws_backup_vault_lock_configuration")
    assert [r.address for r in locks if r.values["changeable_for_days"] is not None] == []
    assert [r for r in plan.resources if r.type.startswith("aws_s3_bucket_object_lock")] == []


def test_every_table_and_replica_is_recoverable_and_on_demand(plan: WholePlan) -> None:
    tables = plan.of("aws_dynamodb_table")
    assert len(tables) == 6
    for table in tables:
        values = table.values
        assert values["billing_mode"] == "PAY_PER_REQUEST", table.address
        assert values["point_in_time_recovery"][0]["enabled"] is True, table.address
        assert all(r["point_in_time_recovery"] for r in values["replica"]), table.address
    copied = {t.values["name"]: [r["region_name"] for r in t.values["replica"]] for t in tables}
    assert {n: r for n, r in copied.items() if "-global-" in n} == {
        f"dev-a1-global-dynamodb-{purpose}": [TARGET]
        for purpose in ("checkpoints", "control", "metadata")
    }


def test_global_tables_have_streams_with_both_images(plan: WholePlan) -> None:
    for table in plan.of("aws_dynamodb_table"):
        if table.values["replica"]:
            assert table.values["stream_enabled"], table.address
            assert table.values["stream_view_type"] == "NEW_AND_OLD_IMAGES", table.address


def test_every_function_runs_python_on_arm64_and_logs_json(plan: WholePlan) -> None:
    functions = plan.of("aws_lambda_function")
    assert len(functions) == 18
    groups = {r.values["name"] for r in plan.of("aws_cloudwatch_log_group")}
    for function in functions:
        values = function.values
        assert values["architectures"] == ["arm64"], function.address
        assert values["runtime"] == "python3.13", function.address
        assert values["source_code_hash"], function.address
        assert values["logging_config"][0]["log_format"] == "JSON", function.address
        assert values["logging_config"][0]["log_group"] in groups, function.address


def test_queues_are_encrypted_and_logs_end(plan: WholePlan) -> None:
    open_queues = [
        r.address for r in plan.of("aws_sqs_queue") if not r.values["sqs_managed_sse_enabled"]
    ]
    assert open_queues == []
    groups = plan.of("aws_cloudwatch_log_group")
    assert [r.address for r in groups if not r.values["retention_in_days"]] == []


def test_no_rule_carries_the_block_that_aws_no_longer_takes(plan: WholePlan) -> None:
    """S3 answers MalformedXML; existing objects are the business of batch replication."""
    rules = [r.values["rule"] for r in plan.of("aws_s3_bucket_replication_configuration")]
    assert len(rules) == 2
    seen = [
        (r.address, value)
        for r in plan.resources
        for key, value in everywhere(r.values)
        if key == "existing_object_replication"
    ]
    assert len(seen) == 2
    assert [address for address, value in seen if value] == []


def test_both_directions_replicate_everything_with_a_commitment(plan: WholePlan) -> None:
    directions = {}
    for resource in plan.of("aws_s3_bucket_replication_configuration"):
        (rule,) = resource.values["rule"]
        (destination,) = rule["destination"]
        directions[resource.values["bucket"]] = destination["bucket"].rpartition(":")[2]
        assert rule["status"] == "Enabled", resource.address
        assert rule["delete_marker_replication"] == [{"status": "Enabled"}], resource.address
        (criteria,) = rule["source_selection_criteria"]
        assert criteria["replica_modifications"] == [{"status": "Enabled"}], resource.address
        assert destination["metrics"][0]["event_threshold"] == [{"minutes": 15}], resource.address
        assert destination["replication_time"][0]["status"] == "Enabled", resource.address
    documents = {r: f"dev-a1-{r}-s3-documents-123456789012" for r in (SOURCE, TARGET)}
    assert directions == {
        documents[SOURCE]: documents[TARGET],
        documents[TARGET]: documents[SOURCE],
    }


def test_lifecycles_move_and_delete_no_current_document_before_the_end(plan: WholePlan) -> None:
    for resource in plan.of("aws_s3_bucket_lifecycle_configuration"):
        if "-s3-documents-" in resource.values["bucket"]:
            for rule in resource.values["rule"]:
                assert not rule["transition"], resource.address
                assert not rule["expiration"], resource.address
