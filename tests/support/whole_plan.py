"""The plan of the whole environment with every module and every option on, from nothing.

A test file imports the fixture `plan`; the plan is made once a session.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any
from unittest.mock import patch

import pytest
import yaml

from estate import copy_estate
from pytg.run import root as run_root
from pytg.terraform.plan import Plan, read_plan
from support.project import Project
from support.sandbox_server import ACCOUNT, SandboxServer

ENVIRONMENT = "dev-a1"
SOURCE, TARGET = "us-east-1", "eu-west-1"
PEER = {SOURCE: TARGET, TARGET: SOURCE}
GLOBAL = "global"

BOUNDARY = f"arn:aws:iam::{ACCOUNT}:policy/boundary"
OPS, FEED = "arn:aws:iam::444455556666:root", "arn:aws:iam::777788889999:role/document-feed"
PARTNERS = {
    "ops": {
        "principal_arns": [OPS],
        "external_id": "docmig-sandbox-ops-0001",
        "organization_id": "o-a1b2c3d4e5",
        "require_mfa": True,
    },
    "ingest": {
        "principal_arns": [FEED],
        "external_id": "docmig-sandbox-feed-0001",
        "source_cidrs": ["198.51.100.0/24"],
    },
}

# What the estate leaves off, for cost or for the sandbox: here it is on.
OPTIONS: dict[str, dict[str, Any]] = {
    "backend": {"noncurrent_state_days": 365},
    "events": {"alert_emails": ["ops@example.com"]},
    "iam": {"cross_account_roles": PARTNERS},
    "existing": {"discover": {"legacy": {"tags": {"system": ["legacy"]}}}},
    # A literal in place of the alias that AWS chooses: with it every role's policy is known.
    "sync": {
        "access_point_arn": f"arn:aws:s3::{ACCOUNT}:accesspoint/m1a2b3c4d5e6f.mrap",
        "backed_up_arns": [
            f"arn:aws:dynamodb:{SOURCE}:{ACCOUNT}:table/{ENVIRONMENT}-global-dynamodb-metadata"
        ],
    },
    "traffic": {"access_point": {"enabled": True}},
    "protection": {
        "documents": {"enabled": True},
        "monthly": {"retention_days": 2557, "copy_retention_days": 2557, "cold_after_days": 90},
        "governance_lock": {"enabled": True},
        "region_settings": {"opt_in": {"DynamoDB": True, "S3": True}},
    },
    "ingest": {
        "sources": {
            kind.replace("_", "-"): {
                "kind": kind,
                "host": "files.example.internal",
                "agent_arns": [
                    "arn:aws:datasync:${self.region}:${self.account_id}:agent/agent-0123456789abcdef0"
                ],
                "user": "archive-reader",
                "bucket": "archive",
            }
            for kind in ("nfs", "smb", "object_storage")
        },
        "secrets": {"smb": "example-password", "object-storage": "example-secret-key"},
    },
}


@dataclass(frozen=True)
class Resource:
    """One resource of the plan: its attributes, and which of them are not known yet."""

    address: str
    type: str
    values: Mapping[str, Any]
    unknown: Mapping[str, Any]

    @property
    def unit(self) -> str:
        """Its module's place in the composed root."""
        return self.address.split(".")[1]

    @property
    def holder(self) -> str:
        """The module instance that it stands in."""
        return re.sub(r"\.[a-z0-9_]+\.[a-z0-9_]+(\[[^\]]*\])?$", "", self.address)

    @property
    def place(self) -> str:
        """The region of its unit, or `global`."""
        return self.unit.split("__")[1]

    @property
    def region(self) -> str:
        """The region that it lies in: units of a whole environment are made in the source."""
        return SOURCE if self.place == GLOBAL else self.place

    @property
    def module(self) -> str:
        return self.unit.split("__")[3]

    @property
    def attributes(self) -> set[str]:
        """Names of the attributes that its type has."""
        return {*self.values, *self.unknown}

    def knows(self, name: str) -> bool:
        return not self.unknown.get(name)


@dataclass(frozen=True)
class Statement:
    """One statement of a policy; `holder` is the resource it stands in, `kind` the attribute."""

    holder: Resource
    kind: str
    body: Mapping[str, Any]

    @property
    def place(self) -> str:
        return f"{self.holder.address} {self.kind} {self.body.get('Sid', '')}".strip()

    @property
    def allows(self) -> bool:
        return bool(self.body["Effect"] == "Allow")

    def listed(self, key: str) -> list[str]:
        """`Action`, `Resource` and their like as a list."""
        found = self.body.get(key, [])
        return [found] if isinstance(found, str) else list(found)


@dataclass(frozen=True)
class WholePlan:
    """The plan, as `terraform show -json` tells it, and the Terraform commands behind it."""

    document: Mapping[str, Any]
    commands: tuple[str, ...]
    statuses: Mapping[str, str]

    @cached_property
    def resources(self) -> tuple[Resource, ...]:
        changes = [c for c in self.document["resource_changes"] if c["mode"] == "managed"]
        return tuple(
            Resource(
                c["address"], c["type"], c["change"]["after"], c["change"]["after_unknown"] or {}
            )
            for c in changes
        )

    def of(self, *types: str) -> list[Resource]:
        """Resources of these types; there is at least one of each."""
        found = [r for r in self.resources if r.type in types]
        assert {r.type for r in found} == set(types)
        return found

    @cached_property
    def statements(self) -> tuple[Statement, ...]:
        """Every statement of every policy whose text is known."""
        return tuple(self._statements())

    def _statements(self) -> Iterator[Statement]:
        for resource in self.resources:
            for kind, text in _texts(resource.values):
                if text.startswith("{") and '"Statement"' in text:
                    for body in json.loads(text)["Statement"]:
                        yield Statement(resource, kind, body)


def _texts(values: Any, name: str = "") -> Iterator[tuple[str, str]]:
    if isinstance(values, str):
        yield name, values
    elif isinstance(values, Mapping):
        for key, value in values.items():
            yield from _texts(value, key)
    elif isinstance(values, list):
        for value in values:
            yield from _texts(value, name)


def everything_on(root: Path) -> None:
    """Switch on every module, in both regions, with every option."""
    config = root / "config.yaml"
    estate = yaml.safe_load(config.read_text())
    estate["inputs"]["permissions_boundary"] = BOUNDARY
    for name, module in estate["modules"].items():
        module.pop("enabled", None)
        module.setdefault("inputs", {}).update(OPTIONS.get(name, {}))
    config.write_text(yaml.safe_dump(estate, sort_keys=False))
    account = root / "live" / "sandbox" / "account.yaml"
    sandbox = yaml.safe_load(account.read_text())
    for name in set(sandbox.get("modules", {})) & (set(OPTIONS) | {"orchestration"}):
        del sandbox["modules"][name]
    account.write_text(yaml.safe_dump(sandbox, sort_keys=False))


def make_plan(root: Path, server: SandboxServer) -> WholePlan:
    """Plan a copy of the estate in `root` as `pytg plan` does, and keep what Terraform told it."""
    server.control.reset()
    project = Project(copy_estate(root), {"PYTG_SANDBOX_DIR": str(server.control.directory)})
    everything_on(project.root)
    told: list[Mapping[str, Any]] = []

    def listen(document: Mapping[str, Any]) -> Plan:
        told.append(document)
        return read_plan(document)

    with patch.object(run_root, "read_plan", listen):
        done = project.pytg("plan", "--env", "dev", "--json", "--verbose")
    document = told[0]
    commands = tuple(c for c in project.commands() if c != "init")
    return WholePlan(document, commands, project.statuses(done))


KEPT = pytest.StashKey[WholePlan]()


@pytest.fixture(scope="session")
def plan(
    pytestconfig: pytest.Config,
    tmp_path_factory: pytest.TempPathFactory,
    sandbox_server: SandboxServer,
) -> WholePlan:
    """The plan of everything: 20 s once, for all files that import this."""
    if KEPT not in pytestconfig.stash:
        made = make_plan(tmp_path_factory.mktemp("whole") / "copy", sandbox_server)
        pytestconfig.stash[KEPT] = made
    return pytestconfig.stash[KEPT]
