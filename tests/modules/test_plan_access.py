"""Who may do what, read from every policy in the plan of a whole environment."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any

import pytest

from support.sandbox_server import ACCOUNT
from support.whole_plan import (
    BOUNDARY,
    ENVIRONMENT,
    PARTNERS,
    SOURCE,
    TARGET,
    Statement,
    WholePlan,
    plan,
)

__all__ = ["plan"]

pytestmark = pytest.mark.slow

TRUST = "assume_role_policy"

# AWS lets these name no resource, or none beforehand. A function's or a person's role says in
# which regions, too.
ANY_RESOURCE = {
    "backup:ListRecoveryPointsByResource": "the resource is an argument, none of AWS Backup's",
    "cloudwatch:DescribeAlarms": "composite alarms are told to those only who may ask for all",
    "cloudwatch:GetMetricData": "metrics have no ARN",
    "events:ListRules": "AWS Backup looks for its own rules",
    "logs:CreateLogDelivery": "deliveries of a state machine's log have no ARN",
    "logs:DeleteLogDelivery": "likewise",
    "logs:DescribeLogGroups": "likewise",
    "logs:DescribeResourcePolicies": "likewise",
    "logs:GetLogDelivery": "likewise",
    "logs:ListLogDeliveries": "likewise",
    "logs:PutResourcePolicy": "likewise",
    "logs:UpdateLogDelivery": "likewise",
    "s3:CreateJob": "a job has no ARN before it is made",
    "s3:ListJobs": "of the account",
    "xray:GetSamplingRules": "X-Ray knows no resource",
    "xray:GetSamplingTargets": "likewise",
    "xray:PutTelemetryRecords": "likewise",
    "xray:PutTraceSegments": "likewise",
}
# Called by Step Functions and AWS Backup for themselves, in the region of the role's owner.
WITHOUT_REGIONS = {"Look", "Observe"}
# Wildcards whose beginning does not name the environment: ids are AWS's choice.
CHOSEN_BY_AWS = re.compile(
    rf"arn:aws:backup:(us-east-1|eu-west-1):{ACCOUNT}:recovery-point:"
    rf"|arn:aws:s3:(us-east-1|eu-west-1):{ACCOUNT}:job/"
    rf"|arn:aws:events:(us-east-1|eu-west-1):{ACCOUNT}:rule/AwsBackupManagedRule"
    rf"|arn:aws:s3::{ACCOUNT}:accesspoint/[a-z0-9]*(?:\.mrap|$)"
)
# Services whose trust has no condition, as in AWS's own examples: no document shows that they
# send the key, and a condition on a key that is not sent stops them without a word.
UNCONDITIONAL = {
    "backup.amazonaws.com",
    "batchoperations.s3.amazonaws.com",
    "lambda.amazonaws.com",
    "s3.amazonaws.com",
}
# EventBridge checks that it may open streams without saying for which rule, and says to SNS neither
# rule nor account: "You can't use Condition blocks in Amazon SNS topic policies for EventBridge."
UNCONDITIONAL_STATEMENTS = {"AlertsOfRules", "OpenStreams"}


def conditions(statement: Statement) -> dict[str, Any]:
    """Condition keys with their values, whatever the operator."""
    found: Mapping[str, Mapping[str, Any]] = statement.body.get("Condition", {})
    return {key: value for pairs in found.values() for key, value in pairs.items()}


def allowed(plan: WholePlan) -> list[Statement]:
    """What identities may do."""
    return [s for s in plan.statements if s.allows and s.holder.type == "aws_iam_role_policy"]


def test_every_policy_is_read(plan: WholePlan) -> None:
    """A policy of the access point waits for its alias; all others are known in the first plan."""
    holders = {s.holder.address for s in plan.statements}
    types = ("aws_iam_role", "aws_iam_role_policy", "aws_s3_bucket_policy", "aws_sqs_queue")
    more = ("aws_sns_topic", "aws_cloudwatch_log_resource_policy")
    assert {r.address for r in plan.of(*types, *more)} <= holders
    unread = {
        r.type
        for r in plan.resources
        for name in ("policy", "policy_document", TRUST)
        if name in r.attributes and not r.knows(name) and r.type != "aws_s3_bucket"
    }
    assert unread == set()


def test_no_action_is_a_wildcard_and_nothing_is_allowed_by_exception(plan: WholePlan) -> None:
    wide = [s.place for s in plan.statements if s.allows and "*" in "".join(s.listed("Action"))]
    assert wide == []
    turned = ("NotAction", "NotResource", "NotPrincipal")
    assert [s.place for s in plan.statements if any(key in s.body for key in turned)] == []


def test_any_resource_only_where_aws_leaves_no_choice(plan: WholePlan) -> None:
    wide = [s for s in allowed(plan) if "*" in s.listed("Resource")]
    assert [s.place for s in wide if s.listed("Resource") != ["*"]] == []
    found = {action for s in wide for action in s.listed("Action")}
    told = {s.place: sorted(set(s.listed("Action")) - set(ANY_RESOURCE)) for s in wide}
    assert {place: actions for place, actions in told.items() if actions} == {}
    assert set(ANY_RESOURCE) - found == set(), "an entry that nothing needs any more"


def test_any_resource_is_held_in_the_two_regions(plan: WholePlan) -> None:
    for statement in allowed(plan):
        if "*" in statement.listed("Resource") and statement.body["Sid"] not in WITHOUT_REGIONS:
            regions = conditions(statement)["aws:RequestedRegion"]
            assert set(regions) <= {SOURCE, TARGET}, statement.place


def test_resources_are_of_this_environment(plan: WholePlan) -> None:
    wrong = []
    for statement in plan.statements:
        for arn in statement.listed("Resource"):
            known, _, _ = arn.partition("*")
            if arn != "*" and ENVIRONMENT not in known and not CHOSEN_BY_AWS.match(known):
                wrong.append((statement.place, arn))
            if not re.match(rf"\*$|arn:aws:s3:::|arn:aws:[a-z0-9]+:[a-z0-9-]*:{ACCOUNT}:", arn):
                wrong.append((statement.place, arn))
            if "*" in ":".join(arn.split(":")[:5]) and arn != "*":
                wrong.append((statement.place, arn))
    assert wrong == []


def test_what_policies_name_is_made_in_this_plan(plan: WholePlan) -> None:
    """A name that nothing has is a permission that nobody sees fail before it is needed."""
    made = {
        "function": {r.values["function_name"] for r in plan.of("aws_lambda_function")},
        "table": {r.values["name"] for r in plan.of("aws_dynamodb_table")},
        "bucket": {r.values["bucket"] for r in plan.of("aws_s3_bucket")},
        "queue": {r.values["name"] for r in plan.of("aws_sqs_queue")},
        "event-bus": {r.values["name"] for r in plan.of("aws_cloudwatch_event_bus")},
        "backup-vault": {r.values["name"] for r in plan.of("aws_backup_vault")},
        "role": {r.values["name"] for r in plan.of("aws_iam_role")},
        "parameter": {r.values["name"] for r in plan.of("aws_ssm_parameter")},
        "log-group": {r.values["name"] for r in plan.of("aws_cloudwatch_log_group")},
    }
    patterns = {
        "function": r":function:([^:]+)",
        "table": r":table/([^/*]+)(?:/|$)",
        "bucket": r"^arn:aws:s3:::([^/*]+)",
        "queue": r"^arn:aws:sqs:[^:]+:[^:]+:(.+)",
        "event-bus": r":event-bus/(.+)",
        "backup-vault": r":backup-vault:(.+)",
        "role": r":role/(.+)",
        "parameter": r":parameter/(.+)",
        "log-group": r":log-group:([^:*]+)",
    }
    arns = {(s.place, arn) for s in plan.statements for arn in s.listed("Resource")}
    missing, seen = [], set()
    for place, arn in sorted(arns):
        for kind, pattern in patterns.items():
            if match := re.search(pattern, arn):
                seen.add(kind)
                missing += [] if match[1] in made[kind] else [(place, arn)]
    assert missing == []
    assert seen == set(patterns)


def test_feeds_follow_the_routes_into_their_own_prefix_alone(plan: WholePlan) -> None:
    """S3 asks for the access point's ARN and the bucket's."""
    feeds = [s for s in allowed(plan) if s.holder.address.endswith('["ingest"]')]
    by_place = {s.body["Sid"]: s for s in feeds}
    direct, routed = by_place["WriteDocuments"], by_place["WriteThroughAccessPoint"]
    assert direct.listed("Action") == routed.listed("Action")
    (arn,) = routed.listed("Resource")
    prefixes = {a.partition("/")[2] for a in direct.listed("Resource")}
    assert prefixes == {arn.partition("/object/")[2]}


def test_backups_copy_recovery_points_of_their_own_region(plan: WholePlan) -> None:
    copying = [s for s in allowed(plan) if s.body["Sid"] == "CopyRecoveryPoints"]
    assert copying
    for statement in copying:
        region = statement.holder.region
        arn = f"arn:aws:backup:{region}:{ACCOUNT}:recovery-point:*"
        assert statement.listed("Resource") == [arn], statement.place


def test_roles_are_handed_to_one_service_only(plan: WholePlan) -> None:
    passes = [s for s in allowed(plan) if "iam:PassRole" in s.listed("Action")]
    assert passes
    for statement in passes:
        service = conditions(statement)["iam:PassedToService"]
        assert service == "batchoperations.s3.amazonaws.com", statement.place


def test_other_accounts_come_in_by_external_id_alone(plan: WholePlan) -> None:
    trusts = [s for s in plan.statements if s.kind == TRUST and "AWS" in s.body["Principal"]]
    partners = {
        p: role["external_id"] for role in PARTNERS.values() for p in role["principal_arns"]
    }
    found = {p: conditions(s)["sts:ExternalId"] for s in trusts for p in s.body["Principal"]["AWS"]}
    assert found == partners
    anybody = [s.place for s in plan.statements if s.allows and s.body.get("Principal") == "*"]
    assert anybody == []


def test_services_act_for_this_account_only(plan: WholePlan) -> None:
    """Against a confused deputy: the condition is there wherever AWS documents that it is sent."""
    for statement in plan.statements:
        principal = statement.body.get("Principal")
        if not statement.allows or not isinstance(principal, Mapping) or "Service" not in principal:
            continue
        assert statement.kind != TRUST or statement.listed("Action") == ["sts:AssumeRole"]
        services = principal["Service"]
        named = {services} if isinstance(services, str) else set(services)
        if statement.kind == TRUST and named <= UNCONDITIONAL:
            continue
        if statement.body.get("Sid") in UNCONDITIONAL_STATEMENTS:
            continue
        keys = conditions(statement)
        own = keys.get("aws:SourceAccount") == ACCOUNT or f":{ACCOUNT}:" in json.dumps(
            keys.get("aws:SourceArn", "")
        )
        assert own, statement.place


def test_each_function_has_a_role_of_its_own(plan: WholePlan) -> None:
    roles = [s.holder.values["role"] for s in allowed(plan)]
    functions = [r for r in plan.of("aws_iam_role") if r.module == "sync"]
    assert len(functions) == len(plan.of("aws_lambda_function"))
    for role in functions:
        policies = {
            s.holder.address
            for s in allowed(plan)
            if s.holder.values["role"] == role.values["name"]
        }
        assert len(policies) == 1, role.address
    assert set(roles) == {r.values["name"] for r in plan.of("aws_iam_role")}


def test_every_role_is_bounded(plan: WholePlan) -> None:
    """An account that asks for a boundary refuses to make a role without it."""
    roles = plan.of("aws_iam_role")
    assert [r.address for r in roles if r.values["permissions_boundary"] != BOUNDARY] == []


def test_queues_and_topics_refuse_plain_http(plan: WholePlan) -> None:
    refusal = {"Bool": {"aws:SecureTransport": "false"}}
    refusing = {
        s.holder.address
        for s in plan.statements
        if not s.allows and s.body.get("Condition") == refusal
    }
    assert {r.address for r in plan.of("aws_sqs_queue", "aws_sns_topic")} <= refusing
