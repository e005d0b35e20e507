"""What a plan would create where something else lies already: refused before it is overwritten."""

from __future__ import annotations

from collections.abc import Iterator

from pytg.aws.bucket_settings import SETTINGS
from pytg.errors import Refused
from pytg.run.root import SavedPlan
from pytg.terraform.plan import Plan, ResourceChange

SHOWN = 300  # characters of what is there
_BUCKET = "aws_s3_bucket"


def refuse_overwriting(planned: SavedPlan) -> None:
    """A bucket's policy, lifecycle, notifications and the like that no state holds stay.

    Costs one Terraform process, and only where the plan creates such a thing.
    `--allow-overwrite` names what may go: `<unit address>:<resource address>`.
    """
    execution = planned.root.execution
    created = (
        resource.type
        for unit in planned.changes.values()
        for resource in unit.resources
        if resource.action == "create"
    )
    if not SETTINGS.keys() & set(created):
        return
    found: dict[str, str] = {}
    for change, bucket in _on_existing_buckets(planned.details()):
        owner = planned.root.calls.unit_of(change.address)
        if owner is None:
            continue
        name = f"{owner[0]}:{owner[1]}"
        if name in execution.options.allow_overwrite:
            continue
        there = execution.overwritten(execution.estate.units[owner[0]], change.type, bucket)
        if there:
            shown = there if len(there) <= SHOWN else f"{there[:SHOWN]}…"
            found[name] = f"    {name}\n        {bucket} has: {shown}"
    if found:
        raise Refused(
            "this would overwrite what is there and in no state:\n" + "\n".join(found.values()),
            hint="adopt it with `imports` (docs/how-to/import.md), or, where it may go: "
            + " ".join(f"--allow-overwrite '{name}'" for name in found),
        )


def _on_existing_buckets(plan: Plan) -> Iterator[tuple[ResourceChange, str]]:
    """Settings that are created on buckets that the plan does not make; with the bucket."""
    made = {
        (change.after or {}).get("bucket")
        for change in plan.changes
        if change.type == _BUCKET and change.action in {"create", "replace"}
    }
    for change in plan.changes:
        if change.type in SETTINGS and change.action == "create":
            bucket = (change.after or {}).get("bucket")  # None: known only once it is made
            if bucket and bucket not in made:
                yield change, bucket
