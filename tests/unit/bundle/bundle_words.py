"""A bundle that a test makes of nothing."""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime
from typing import Any

from pytg.bundle.archive import pack
from pytg.bundle.manifest import KeptPlan, KeptStage, KeptState, Manifest
from pytg.compose.changes import UnitChanges
from pytg.model import Address

UNIT = Address("docs", "us-east-1", "dev", "storage")
PLAN = b"a plan with a secret"
FILES = {"1/1/plan": PLAN, "1/1/root/main.tf": b'module "a" {}\n'}


def manifest(**changed: Any) -> Manifest:
    plan = KeptPlan(
        name="1/1",
        units=(UNIT,),
        digest=hashlib.sha256(PLAN).hexdigest(),
        changes=(UnitChanges(UNIT, create=1),),
        read={UNIT: KeptState("0" * 32, "lineage", 3)},
    )
    given: dict[str, Any] = {
        "format": 1,
        "run": "20261128T120000Z-abcdef",
        "created": datetime(2026, 11, 28, 12, tzinfo=UTC),
        "pytg": "0.2.0",
        "terraform": "1.11.4",
        "flavour": "terraform",
        "platform": "linux_amd64",
        "root": "/project",
        "selection": "*",
        "suffix": None,
        "args": ("plan",),
        "destroy": False,
        "per_unit": False,
        "stages": (KeptStage((UNIT,), composed=True, reason="", plans=(plan,)),),
        "later": {},
        "configuration": {UNIT: {"main.tf": "0"}},
        "modules": {},
        "inputs": {},
        "contents": {},
    }
    return Manifest(**(given | changed))


def packed(*recipients: str) -> bytes:
    return pack(manifest(), FILES, recipients)
