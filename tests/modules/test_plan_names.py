"""Names and tags of everything that a whole environment makes, read from its plan."""

from __future__ import annotations

import re
from dataclasses import dataclass

import pytest

from support.whole_plan import ENVIRONMENT, GLOBAL, Resource, WholePlan, plan

__all__ = ["plan"]

pytestmark = pytest.mark.slow

LONGEST_ENVIRONMENT = 20  # what every module's `environment` takes
NAME = re.compile(
    rf"{ENVIRONMENT}-(?P<region>us-east-1|eu-west-1|global)-(?P<service>[a-z0-9]+)-[a-z0-9]+(-[a-z0-9]+)*"
)


@dataclass(frozen=True)
class Naming:
    """Where a type carries its name, the service in it, and how long AWS lets it be."""

    attribute: str
    services: tuple[str, ...]
    longest: int


# From the API's models; Lambda's and SQS's limits are not checked by the provider's plan.
NAMED = {
    "aws_backup_plan": Naming("name", ("backup",), 50),
    "aws_backup_selection": Naming("name", ("backup",), 50),
    "aws_backup_vault": Naming("name", ("backup",), 50),
    "aws_cloudwatch_composite_alarm": Naming("alarm_name", ("cloudwatch",), 255),
    "aws_cloudwatch_dashboard": Naming("dashboard_name", ("cloudwatch",), 255),
    "aws_cloudwatch_event_archive": Naming("name", ("events",), 48),
    "aws_cloudwatch_event_bus": Naming("name", ("events",), 256),
    "aws_cloudwatch_event_rule": Naming("name", ("events",), 64),
    "aws_cloudwatch_log_group": Naming("name", ("datasync", "events", "lambda", "sfn"), 512),
    "aws_cloudwatch_log_resource_policy": Naming("policy_name", ("datasync", "logs"), 256),
    "aws_cloudwatch_metric_alarm": Naming("alarm_name", ("cloudwatch",), 255),
    "aws_datasync_task": Naming("name", ("datasync",), 256),
    "aws_dynamodb_table": Naming("name", ("dynamodb",), 255),
    "aws_iam_role": Naming("name", ("iam",), 64),
    "aws_lambda_function": Naming("function_name", ("lambda",), 64),
    "aws_s3_bucket": Naming("bucket", ("s3",), 63),
    "aws_s3control_multi_region_access_point": Naming("details", ("mrap",), 50),
    "aws_sfn_state_machine": Naming("name", ("sfn",), 80),
    "aws_sns_topic": Naming("name", ("sns",), 256),
    "aws_sqs_queue": Naming("name", ("sqs",), 80),
    "aws_ssm_parameter": Naming("name", ("ssm",), 1011),
}
# Named within a resource that has a name of its own.
WITHIN = {
    "aws_cloudwatch_event_target": ("target_id", 64),
    "aws_iam_role_policy": ("name", 128),
    "aws_lambda_permission": ("statement_id", 100),
    "aws_s3_bucket_inventory": ("name", 64),
    "aws_s3_bucket_metric": ("name", 64),
    "aws_s3_object": ("key", 1024),
}
# AWS gives them an id, or they are settings of what is named above.
NAMELESS = {
    "aws_backup_region_settings",
    "aws_backup_vault_lock_configuration",
    "aws_datasync_location_nfs",
    "aws_datasync_location_object_storage",
    "aws_datasync_location_s3",
    "aws_datasync_location_smb",
    "aws_lambda_event_source_mapping",
    "aws_lambda_function_event_invoke_config",
    "aws_lambda_function_recursion_config",
    "aws_s3_bucket_lifecycle_configuration",
    "aws_s3_bucket_notification",
    "aws_s3_bucket_ownership_controls",
    "aws_s3_bucket_policy",
    "aws_s3_bucket_public_access_block",
    "aws_s3_bucket_replication_configuration",
    "aws_s3_bucket_server_side_encryption_configuration",
    "aws_s3_bucket_versioning",
    "aws_s3control_multi_region_access_point_policy",
    "aws_sns_topic_subscription",
}
# The provider's schema has no tags for these; AWS has none for most of them.
TAGLESS = {
    "aws_backup_region_settings",
    "aws_backup_selection",
    "aws_backup_vault_lock_configuration",
    "aws_cloudwatch_dashboard",
    "aws_cloudwatch_event_archive",
    "aws_cloudwatch_event_target",
    "aws_cloudwatch_log_resource_policy",
    "aws_iam_role_policy",
    "aws_lambda_function_event_invoke_config",
    "aws_lambda_function_recursion_config",
    "aws_lambda_permission",
    "aws_s3_bucket_inventory",
    "aws_s3_bucket_lifecycle_configuration",
    "aws_s3_bucket_metric",
    "aws_s3_bucket_notification",
    "aws_s3_bucket_ownership_controls",
    "aws_s3_bucket_policy",
    "aws_s3_bucket_public_access_block",
    "aws_s3_bucket_replication_configuration",
    "aws_s3_bucket_server_side_encryption_configuration",
    "aws_s3_bucket_versioning",
    "aws_s3control_multi_region_access_point",
    "aws_s3control_multi_region_access_point_policy",
    "aws_sns_topic_subscription",
}


def name_of(resource: Resource) -> str:
    """Its name as AWS counts it: a log group's whole path."""
    found = resource.values[NAMED[resource.type].attribute]
    return str(found[0]["name"] if isinstance(found, list) else found)


def token_of(resource: Resource) -> str:
    """The region that its name has to carry."""
    everywhere = resource.values.get("replica") or resource.type in (
        "aws_iam_role",
        "aws_s3control_multi_region_access_point",
    )
    return GLOBAL if everywhere else resource.region


def test_every_type_is_named_within_another_or_nameless(plan: WholePlan) -> None:
    assert {r.type for r in plan.resources} == {*NAMED, *WITHIN, *NAMELESS}
    assert not set(NAMED) & set(WITHIN) | set(NAMED) & NAMELESS | set(WITHIN) & NAMELESS


@pytest.mark.parametrize("kind", sorted(NAMED))
def test_names_are_environment_region_service_purpose(plan: WholePlan, kind: str) -> None:
    wrong = {}
    for resource in plan.of(kind):
        match = NAME.fullmatch(name_of(resource).rpartition("/")[2])
        fits = match and match["service"] in NAMED[kind].services
        if not fits or not match or match["region"] != token_of(resource):
            wrong[resource.address] = name_of(resource)
    assert wrong == {}


@pytest.mark.parametrize("kind", sorted(NAMED))
def test_names_fit_with_the_longest_environment(plan: WholePlan, kind: str) -> None:
    spare = LONGEST_ENVIRONMENT - len(ENVIRONMENT)
    lengths = {r.address: len(name_of(r)) + spare for r in plan.of(kind)}
    assert {a: n for a, n in lengths.items() if n > NAMED[kind].longest} == {}


@pytest.mark.parametrize("kind", sorted(WITHIN))
def test_names_within_another_fit(plan: WholePlan, kind: str) -> None:
    attribute, longest = WITHIN[kind]
    lengths = {r.address: len(r.values[attribute]) for r in plan.of(kind)}
    assert {a: n for a, n in lengths.items() if not 0 < n <= longest} == {}


def test_no_two_resources_of_a_region_share_a_name(plan: WholePlan) -> None:
    named = [(r.type, token_of(r), name_of(r)) for r in plan.resources if r.type in NAMED]
    assert sorted({n for n in named if named.count(n) > 1}) == []


def test_names_of_rules_fit(plan: WholePlan) -> None:
    longest = {
        "aws_s3_bucket_lifecycle_configuration": ("id", 255),
        "aws_s3_bucket_replication_configuration": ("id", 255),
        "aws_backup_plan": ("rule_name", 50),
    }
    for resource in plan.of(*longest):
        key, limit = longest[resource.type]
        for rule in resource.values["rule"]:
            assert 0 < len(rule[key]) <= limit, resource.address


def test_everything_that_takes_tags_carries_phase_and_cutover_date(plan: WholePlan) -> None:
    wanted = {"migration-phase": "seed", "cutover-date": "2027-01-16"}
    taggable = [r for r in plan.resources if "tags_all" in r.attributes]
    assert {r.type for r in plan.resources} - {r.type for r in taggable} == TAGLESS
    missing = {
        r.address: r.values.get("tags_all")
        for r in taggable
        if not wanted.items() <= (r.values.get("tags_all") or {}).items()
    }
    assert missing == {}


def test_tags_of_tables_reach_their_replicas(plan: WholePlan) -> None:
    replicas = [
        (r.address, replica)
        for r in plan.of("aws_dynamodb_table")
        for replica in r.values["replica"]
    ]
    assert len(replicas) == 3
    assert [address for address, replica in replicas if not replica["propagate_tags"]] == []
