"""Names, states and Terraform's words for the units of a world."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from pytg.compose.changes import ResourceAction, UnitChanges
from pytg.compose.stage import Stage
from pytg.model import Address, Value

AT = "acc/us-east-1/dev"
RESOURCE = "terraform_data.this"


def at(name: str) -> Address:
    """The address of the unit `name`."""
    return Address.parse(f"{AT}/{name}")


def hook(kind: str, address: str, action: str = "create") -> dict[str, Any]:
    """An event of an apply, such as `apply_start`."""
    resource = {"addr": address, "resource_type": address.split(".")[-2]}
    return {"type": kind, "hook": {"resource": resource, "action": action}}


def inside(name: str, resource: str = RESOURCE) -> str:
    """The address of a unit's resource in a composed root."""
    return f"module.{at(name).slug}.{resource}"


def diagnostic(summary: str, address: str = "", file: str = "", detail: str = "") -> dict[str, Any]:
    """An error in Terraform's stream; `file` is below the project."""
    place = {"filename": f"{'../' * 6}{file}", "start": {"line": 7}} if file else None
    found = {"severity": "error", "summary": summary, "detail": detail, "address": address}
    return {"type": "diagnostic", "diagnostic": {**found, "range": place}}


def unknown(name: str) -> dict[str, Any]:
    """What Terraform says where a `for_each` of the module `name` is not known yet."""
    detail = 'The "for_each" value depends on what cannot be determined until apply.'
    file = f"modules/{name}/main.tf"
    return diagnostic("Invalid for_each argument", file=file, detail=detail)


def stage(*names: str, composed: bool = True, number: int = 1) -> Stage:
    return Stage(tuple(map(at, names)), composed=composed, number=number)


def creating(name: str, *resources: str) -> UnitChanges:
    """The unit's changes where a plan creates `resources`."""
    made = tuple(ResourceAction(r, "create", r.partition(".")[0]) for r in resources or (RESOURCE,))
    return UnitChanges(at(name), create=len(made), resources=made)


def state_of(
    name: str, *resources: str, outputs: Mapping[str, Value] | None = None, serial: int = 1
) -> bytes:
    """The state of the unit `name`, with these resources inside its module."""
    held = [
        {
            "module": f"module.{name}",
            "mode": "managed",
            "type": resource.partition(".")[0],
            "name": resource.partition(".")[2],
            "provider": 'provider["terraform.io/builtin/terraform"]',
            "instances": [{"attributes": {"id": name}}],
        }
        for resource in resources
    ]
    document = {
        "version": 4,
        "terraform_version": "1.11.4",
        "serial": serial,
        "lineage": name,
        "outputs": {k: {"value": v, "type": "string"} for k, v in (outputs or {}).items()},
        "resources": held,
        "check_results": None,
    }
    return json.dumps(document).encode()
