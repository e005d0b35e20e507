"""Cross-account access, evaluated as IAM does: who comes in, and what for.

The embedded AWS lets everybody assume every role. Here the policies of the plan are asked, with a
small evaluator of the operators that they use; another one in a policy is an error.
"""

from __future__ import annotations

import ipaddress
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from typing import Any

import pytest

from support.sandbox_server import ACCOUNT
from support.whole_plan import FEED, OPS, SOURCE, TARGET, WholePlan, plan

__all__ = ["plan"]

pytestmark = pytest.mark.slow

OPERATOR = "arn:aws:iam::444455556666:role/operators"
STRANGER = "arn:aws:iam::999999999999:role/operators"
IN_OPS = {
    "sts:ExternalId": "docmig-sandbox-ops-0001",
    "aws:PrincipalOrgID": "o-a1b2c3d4e5",
    "aws:MultiFactorAuthPresent": "true",
}
IN_FEED = {"sts:ExternalId": "docmig-sandbox-feed-0001", "aws:SourceIp": "198.51.100.7"}


@dataclass(frozen=True)
class Call:
    """A request: who does what to what, with the condition keys that AWS would send."""

    action: str
    resource: str
    principal: str = ""
    context: Mapping[str, str] = field(default_factory=dict)


def compare(operator: str, wanted: Any, got: str | None) -> bool:
    """Whether one condition holds. A key that is not sent fulfils none."""
    values = [wanted] if isinstance(wanted, str) else wanted
    if got is None:
        return False
    if operator in ("StringEquals", "Bool"):
        return got in values
    if operator == "IpAddress":
        return any(ipaddress.ip_address(got) in ipaddress.ip_network(v) for v in values)
    raise AssertionError(f"teach the evaluator {operator}")


def covers(statement: Mapping[str, Any], call: Call) -> bool:
    """Whether a statement is about the call."""
    if "Principal" in statement:
        known = statement["Principal"]["AWS"]
        root = f"arn:aws:iam::{call.principal.split(':')[4]}:root"
        if not {call.principal, root} & set([known] if isinstance(known, str) else known):
            return False
    actions, resources = statement["Action"], statement.get("Resource", "*")
    return (
        call.action in ([actions] if isinstance(actions, str) else actions)
        and any(fnmatchcase(call.resource, pattern) for pattern in resources)
        and all(
            compare(operator, wanted, call.context.get(key))
            for operator, pairs in statement.get("Condition", {}).items()
            for key, wanted in pairs.items()
        )
    )


def allows(policy: str, call: Call) -> bool:
    """IAM's answer: allowed by one statement, refused by none."""
    found = [s["Effect"] for s in json.loads(policy)["Statement"] if covers(s, call)]
    return "Allow" in found and "Deny" not in found


def lets_in(plan: WholePlan, purpose: str, principal: str, context: Mapping[str, str]) -> bool:
    """Whether the trust of a cross-account role takes this caller."""
    name = f"dev-a1-global-iam-{purpose}"
    (role,) = [r for r in plan.of("aws_iam_role") if r.values["name"] == name]
    call = Call("sts:AssumeRole", "*", principal, context)
    return allows(role.values["assume_role_policy"], call)


def may(plan: WholePlan, purpose: str, action: str, resource: str, region: str = SOURCE) -> bool:
    """Whether the role, once assumed, may do that."""
    name = f"dev-a1-global-iam-{purpose}"
    (policy,) = [r for r in plan.of("aws_iam_role_policy") if r.values["role"] == name]
    call = Call(action, resource, context={"aws:RequestedRegion": region})
    return allows(policy.values["policy"], call)


def test_partners_come_in(plan: WholePlan) -> None:
    assert lets_in(plan, "ops", OPS, IN_OPS)
    assert lets_in(plan, "ops", OPERATOR, IN_OPS), "the account lets its own role"
    assert lets_in(plan, "ingest", FEED, IN_FEED)


@pytest.mark.parametrize("key", sorted(IN_OPS))
def test_operators_without_one_condition_stay_out(plan: WholePlan, key: str) -> None:
    assert not lets_in(plan, "ops", OPERATOR, {k: v for k, v in IN_OPS.items() if k != key})
    assert not lets_in(plan, "ops", OPERATOR, {**IN_OPS, key: "other"})


def test_everybody_else_stays_out(plan: WholePlan) -> None:
    assert not lets_in(plan, "ops", STRANGER, IN_OPS)
    assert not lets_in(plan, "ops", FEED, IN_OPS)
    assert not lets_in(plan, "ingest", FEED.replace("feed", "else"), IN_FEED), "one role, not all"
    assert not lets_in(plan, "ingest", FEED, {**IN_FEED, "aws:SourceIp": "203.0.113.9"})


@pytest.mark.parametrize("region", [SOURCE, TARGET])
def test_the_feed_writes_documents_and_nothing_else(plan: WholePlan, region: str) -> None:
    bucket = f"arn:aws:s3:::dev-a1-{region}-s3-documents-{ACCOUNT}"
    assert may(plan, "ingest", "s3:PutObject", f"{bucket}/incoming/contract.pdf", region)
    assert not may(plan, "ingest", "s3:PutObject", f"{bucket}/sentinel/beat", region)
    assert not may(plan, "ingest", "s3:GetObject", f"{bucket}/incoming/contract.pdf", region)
    assert not may(plan, "ingest", "s3:ListBucket", bucket, region)


@pytest.mark.parametrize("region", [SOURCE, TARGET])
def test_operators_run_the_migration_and_read_no_document(plan: WholePlan, region: str) -> None:
    own = f"{region}:{ACCOUNT}"
    gate = f"arn:aws:lambda:{own}:function:dev-a1-{region}-lambda-gate-check"
    assert may(plan, "ops", "lambda:InvokeFunction", gate, region)
    job = f"arn:aws:s3:{own}:job/0123"
    assert may(plan, "ops", "s3:UpdateJobStatus", job, region)
    assert may(plan, "ops", "s3:CreateJob", job, region)
    assert not may(plan, "ops", "s3:CreateJob", job, "ap-southeast-2")
    document = f"arn:aws:s3:::dev-a1-{region}-s3-documents-{ACCOUNT}/incoming/contract.pdf"
    assert not may(plan, "ops", "s3:GetObject", document, region)
    assert not may(plan, "ops", "s3:PutObject", document, region)
