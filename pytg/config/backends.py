"""Each unit's backend, and the unit that makes it."""

from __future__ import annotations

from pytg.config.node import Node, ReportProblem
from pytg.config.references import Known
from pytg.config.self_values import resolve_self_text
from pytg.config.unit_places import UnitPlace
from pytg.errors import Position, Problem
from pytg.model import GLOBAL, Address, Backend, Scope


def state_key(address: Address) -> str:
    """Where the state of the unit at `address` lies in its backend."""
    return f"{address}/terraform.tfstate"


def backend_of(address: Address, place: UnitPlace, known: Known, report: ReportProblem) -> Backend:
    """The backend of the unit at `address`. Reports what is missing for S3."""
    entry = place.settings.find("backend") or Node({}, place.position)
    key = state_key(address)
    if _text(entry, "type", "local") == "local":
        return Backend(type="local", key=key)
    region = backend_region(entry, known)
    if region not in known.regions:
        node = entry.find("region") or entry
        report(Problem(f"backend: `{node.plain}` is no region", node.start, _region_hint(known)))
    aws = known.regions.get(region)
    facts = {
        **place.facts,
        "region": region,
        "role": aws.role if aws else None,
        "peer_region": aws.peer if aws else None,
    }
    bucket = entry.find("bucket")
    if bucket is None or bucket.value is None:
        report(Problem("backend: type `s3` needs a `bucket`", entry.start))
    table = entry.find("lock_table")
    lockfile = entry.find("use_lockfile")
    return Backend(
        type="s3",
        key=key,
        bucket=resolve_self_text(bucket, facts, report) if bucket else "",
        region=region,
        lock_table=resolve_self_text(table, facts, report) if table and table.value else None,
        use_lockfile=lockfile is None or lockfile.value is True,
    )


def backend_region(entry: Node, known: Known) -> str:
    """The region that `backend.region` means, or what stands there."""
    said = _text(entry, "region", "source")
    return (known.role(said) or said) if said in ("source", "target") else said


def bootstrap(place: UnitPlace, known: Known) -> tuple[Address, Position] | None:
    """The unit that makes the backend of the units at `place`, and where that is said.

    None for local states, without `backend.module`, and where that module has no unit.
    """
    entry = place.settings.find("backend")
    node = entry.find("module") if entry else None
    if entry is None or node is None or _text(entry, "type", "local") == "local":
        return None
    declared = known.modules.get(str(node.value))
    if declared is None:
        return None
    account, name = place.account.name, declared.module.name
    address = {
        Scope.ACCOUNT: Address(account, GLOBAL, GLOBAL, name),
        Scope.ENVIRONMENT: Address(account, GLOBAL, place.environment, name),
        Scope.REGION: Address(account, backend_region(entry, known), place.environment, name),
    }[declared.module.scope]
    return (address, node.position) if address in known.places else None


def _text(entry: Node, key: str, default: str) -> str:
    node = entry.find(key)
    return str(node.value) if node and node.value is not None else default


def _region_hint(known: Known) -> str:
    return f"name one of {', '.join(sorted(known.regions))}"
