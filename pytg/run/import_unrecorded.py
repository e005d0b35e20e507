"""Imports what a killed Terraform made and could not record.

A resource in flight at a crash may exist in the account and be in no state: creating it again
would fail. Its address is kept until a later plan either imports it, by an id that the plan
knows or that Terraform told, or finds that it is not there.
"""

from __future__ import annotations

import json
import string
from collections.abc import Callable, Collection, Mapping
from dataclasses import replace
from typing import Any, TypeVar

from pytg.compose.changes import Calls
from pytg.model import Address, Import, Unit
from pytg.record.run import Finding, Outcome, Status
from pytg.recovery.unrecorded import remembered, revise
from pytg.run.diagnosis import record
from pytg.run.execution import Execution
from pytg.run.plan_failure import PlanFailed
from pytg.run.root import SavedPlan
from pytg.terraform.plan import Plan

NOT_THERE = "Cannot import non-existent remote object"

Imports = Mapping[Address, tuple[Import, ...]]
AnyPlan = TypeVar("AnyPlan", bound=SavedPlan)

_BUCKET = (
    "accelerate_configuration cors_configuration lifecycle_configuration logging notification "
    "ownership_controls policy public_access_block replication_configuration "
    "server_side_encryption_configuration versioning"
)
# Import ids as the AWS provider documents them, from arguments that a plan knows.
IDS: Mapping[str, str] = {
    "aws_s3_bucket": "{bucket}",
    **{f"aws_s3_bucket_{kind}": "{bucket}" for kind in _BUCKET.split()},
    "aws_s3_bucket_inventory": "{bucket}:{name}",
    "aws_s3_bucket_metric": "{bucket}:{name}",
    "aws_backup_vault": "{name}",
    "aws_cloudwatch_composite_alarm": "{alarm_name}",
    "aws_cloudwatch_dashboard": "{dashboard_name}",
    "aws_cloudwatch_event_archive": "{name}",
    "aws_cloudwatch_event_bus": "{name}",
    "aws_cloudwatch_event_rule": "{event_bus_name}/{name}",
    "aws_cloudwatch_event_target": "{event_bus_name}/{rule}/{target_id}",
    "aws_cloudwatch_log_group": "{name}",
    "aws_cloudwatch_metric_alarm": "{alarm_name}",
    "aws_dynamodb_table": "{name}",
    "aws_iam_role": "{name}",
    "aws_iam_role_policy": "{role}:{name}",
    "aws_lambda_function": "{function_name}",
    "aws_ssm_parameter": "{name}",
}


def plan_importing(execution: Execution, plan: Callable[[Imports], AnyPlan]) -> AnyPlan:
    """`plan` without imports, or with those of what a killed run made and is found there.

    What cannot be imported, or would be replaced then, is planned as if it were not there.
    Raises what `plan` raises.
    """
    planned = plan({})
    if execution.options.destroy or execution.drift:
        return planned
    first = adopted = _adoptable(execution, planned)
    absent: set[tuple[Address, str]] = set()
    while adopted:
        try:
            planned = plan(adopted)
        except PlanFailed as error:
            if error.completed.interrupted or error.completed.killed:
                raise
            fewer = without_missing(adopted, error)
            if fewer is None:
                execution.note(f"not imported after all: {error.message}")
            else:
                absent |= _places(adopted) - _places(fewer)
            adopted = fewer or {}
        else:
            strangers = _replaced(planned, adopted)
            if not strangers:
                break
            adopted = _without(adopted, strangers)
    if first and not adopted:
        planned = plan({})
    _warn_of_doubtful(execution, planned, absent)
    return planned


def _places(imports: Imports) -> set[tuple[Address, str]]:
    return {(unit, one.to) for unit, found in imports.items() for one in found}


def _warn_of_doubtful(
    execution: Execution, planned: SavedPlan, absent: Collection[tuple[Address, str]]
) -> None:
    """Name again, until it is settled, what may exist already and is going to be made."""
    in_flight = remembered(execution.estate.root)
    for unit, changes in planned.changes.items():
        for change in changes.resources:
            name = change.address
            known = in_flight.get(unit, {}).get(name)
            if change.action != "create" or known is None or (unit, name) in absent:
                continue
            as_what = f" as {known}" if known else ""
            found = Finding(
                "warning",
                f"{name} may exist already{as_what}, and would be made once more",
                "a run that died was making it, and it is in no state: look in the account; if it "
                "is there, import it with `imports`, or delete it",
            )
            if (unit, found) not in execution.told:
                execution.told.add((unit, found))
                record(execution, unit, [found])


def _replaced(planned: SavedPlan, adopted: Imports) -> set[tuple[Address, str]]:
    """What was imported and is not what the configuration says: it may be somebody else's."""
    return {
        (unit, change.address)
        for unit, imports in adopted.items()
        for change in planned.changes[unit].resources
        if change.action in {"replace", "delete"} and change.address in {i.to for i in imports}
    }


def _without(imports: Imports, gone: Collection[tuple[Address, str]]) -> Imports:
    kept = {u: tuple(i for i in found if (u, i.to) not in gone) for u, found in imports.items()}
    return {unit: found for unit, found in kept.items() if found}


def _adoptable(execution: Execution, planned: SavedPlan) -> Imports:
    in_flight = remembered(execution.estate.root)
    if not any(
        change.action == "create" and change.address in in_flight.get(unit, ())
        for unit, changes in planned.changes.items()
        for change in changes.resources
    ):
        return {}
    return importable(planned.details(), planned.root.calls, in_flight)


def keep_unrecorded(
    execution: Execution,
    outcomes: Mapping[Address, Outcome],
    ids: Mapping[Address, Mapping[str, str]],
) -> None:
    """After an apply: remember what is unknown, and forget the units that were applied whole.

    `ids` are those that Terraform told of what is unknown. A destroy forgets nothing: what is in
    no state it has not destroyed.
    """
    unknown = {
        unit: {name: ids.get(unit, {}).get(name, "") for name in outcome.unknown_resources}
        for unit, outcome in outcomes.items()
        if outcome.unknown_resources
    }
    whole = {unit for unit, outcome in outcomes.items() if outcome.status is Status.SUCCEEDED}
    if execution.options.destroy:
        whole = set()
    revise(execution.estate.root, unknown, whole)


def importable(
    plan: Plan, calls: Calls, in_flight: Mapping[Address, Mapping[str, str]]
) -> dict[Address, tuple[Import, ...]]:
    """The imports that take the place of creating what is in flight, where the id is known.

    It is one that the plan gives, in the form that imports of that type want; else the one that
    Terraform told when it had made the resource.
    """
    found: dict[Address, tuple[Import, ...]] = {}
    for change in plan.changes:
        owner = calls.unit_of(change.address)
        if (
            owner is None
            or change.action != "create"
            or change.address == owner[1]  # beside the call in a unit's own root
            or owner[1] not in in_flight.get(owner[0], {})
        ):
            continue
        told = in_flight[owner[0]][owner[1]]
        if import_id := _import_id(change.type, change.after) or told:
            found[owner[0]] = (*found.get(owner[0], ()), Import(owner[1], import_id))
    return found


def with_imports(unit: Unit, extra: Imports) -> Unit:
    """`unit` with the imports that adopt what is in flight."""
    return replace(unit, imports=(*unit.imports, *extra.get(unit.address, ())))


def without_missing(extra: Imports, error: PlanFailed) -> Imports | None:
    """`extra` without what a failed plan says is not there; None: it failed for another reason."""
    errors = error.completed.errors
    missing = [d for d in errors if d.summary == NOT_THERE]
    if not missing or len(missing) != len(errors):
        return None
    said = "\n".join(d.detail for d in missing)
    calls = {unit: call for call, unit in error.calls.units.items()}
    gone = {
        (unit, item.to)
        for unit, imports in extra.items()
        for item in imports
        if _quoted(f"module.{calls[unit]}.{item.to}") in said
    }
    return _without(extra, gone) if gone else None


def _quoted(address: str) -> str:
    """As Terraform's messages quote it: like a string of Go, the quotes in it escaped."""
    return json.dumps(address, ensure_ascii=False)


def _import_id(kind: str, after: Any) -> str | None:
    template = IDS.get(kind)
    if template is None or not isinstance(after, dict):
        return None
    names = [name for _, name, _, _ in string.Formatter().parse(template) if name]
    if any(not after.get(name) for name in names):
        return None
    return template.format(**{name: after[name] for name in names})
