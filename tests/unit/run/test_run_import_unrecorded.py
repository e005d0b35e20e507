"""Which of the resources that may exist are imported, and by what id."""

from __future__ import annotations

import json

import pytest

from pytg.compose.changes import Calls
from pytg.model import Address, Import
from pytg.run.import_unrecorded import NOT_THERE, importable, without_missing
from pytg.run.plan_failure import PlanFailed
from pytg.terraform.completed import Completed
from pytg.terraform.event_stream import Diagnostic
from pytg.terraform.plan import Plan, ResourceChange

UNIT = Address("acc", "us-east-1", "dev", "storage")
ROOTS = [
    Calls({UNIT.slug: UNIT}),  # a stage's
    Calls({UNIT.module: UNIT}, composed=False),  # the unit's own
]
BUCKET, OTHER = Import('aws_s3_bucket.this["a"]', "a"), Import("aws_iam_role.this", "r")


def call_of(calls: Calls) -> str:
    (call,) = calls.units
    return f"module.{call}"


def failed(calls: Calls, *diagnostics: Diagnostic) -> PlanFailed:
    completed = Completed("plan", 1, diagnostics, "")
    return PlanFailed(completed, calls, {})


def missing(calls: Calls, item: Import) -> Diagnostic:
    """In Terraform's words."""
    detail = (
        "While attempting to import an existing object to "
        f"{json.dumps(f'{call_of(calls)}.{item.to}')}, the provider detected that no object exists"
    )
    return Diagnostic("error", NOT_THERE, detail)


@pytest.mark.parametrize("calls", ROOTS)
def test_what_is_not_there_is_not_imported_again(calls: Calls) -> None:
    both = {UNIT: (BUCKET, OTHER)}
    assert without_missing(both, failed(calls, missing(calls, BUCKET))) == {UNIT: (OTHER,)}
    assert without_missing({UNIT: (BUCKET,)}, failed(calls, missing(calls, BUCKET))) == {}


@pytest.mark.parametrize("key", ["ö", "a\\nb"])
def test_an_address_is_quoted_as_terraform_does(key: str) -> None:
    """Like a string of Go: what is not ASCII stays as it is."""
    item = Import(f'aws_s3_bucket.this["{key}"]', "a")
    address = f"module.{UNIT.slug}.{item.to}".replace("\\", "\\\\").replace('"', '\\"')
    detail = f'While attempting to import an existing object to "{address}", the provider detected'
    error = failed(ROOTS[0], Diagnostic("error", NOT_THERE, detail))
    assert without_missing({UNIT: (item, OTHER)}, error) == {UNIT: (OTHER,)}


@pytest.mark.parametrize("calls", ROOTS)
def test_another_error_is_no_missing_object(calls: Calls) -> None:
    both = {UNIT: (BUCKET, OTHER)}
    denied = Diagnostic("error", "AccessDenied")
    assert without_missing(both, failed(calls, denied)) is None
    assert without_missing(both, failed(calls, denied, missing(calls, BUCKET))) is None
    assert without_missing({UNIT: (OTHER,)}, failed(calls, missing(calls, BUCKET))) is None


@pytest.mark.parametrize("calls", ROOTS)
def test_only_what_is_in_flight_and_would_be_created_with_a_known_id(calls: Calls) -> None:
    def change(inside: str, kind: str, action: str, after: object) -> ResourceChange:
        return ResourceChange(f"{call_of(calls)}.{inside}", kind, (action,), after=after)

    changes = (
        change(BUCKET.to, "aws_s3_bucket", "create", {"bucket": "a"}),
        change("aws_s3_bucket.new", "aws_s3_bucket", "create", {"bucket": "new"}),
        change("aws_s3_bucket.unknown", "aws_s3_bucket", "create", {"bucket": None}),
        change("aws_kms_key.this", "aws_kms_key", "create", {"description": "d"}),
        change(OTHER.to, "aws_iam_role", "update", {"name": "r"}),
    )
    plan = Plan(changes, ())
    in_flight = {
        UNIT: {BUCKET.to: "told", "aws_s3_bucket.unknown": "", "aws_kms_key.this": "", OTHER.to: ""}
    }
    assert importable(plan, calls, in_flight) == {UNIT: (BUCKET,)}
    in_flight[UNIT] |= {"aws_s3_bucket.unknown": "b", "aws_kms_key.this": "k-1", OTHER.to: "r"}
    told = (Import("aws_s3_bucket.unknown", "b"), Import("aws_kms_key.this", "k-1"))
    assert importable(plan, calls, in_flight) == {UNIT: (BUCKET, *told)}
