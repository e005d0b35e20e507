"""The Terraform, or OpenTofu, of all ways, and what it does not have."""

from __future__ import annotations

import os
import tempfile
from functools import cache
from pathlib import Path

from pytg.config.module_files import OPENTOFU
from pytg.terraform.binary import find_terraform
from pytg.terraform.versions import Version

BINARY = os.environ.get("TERRAFORM") or os.environ.get("PYTG_TERRAFORM") or "terraform"
_EPHEMERAL = (1, 11)  # since when OpenTofu has it


@cache
def lacking() -> frozenset[str]:
    """What of `KNOWN` (see estates.py) the binary does not have; it is asked once."""
    with tempfile.TemporaryDirectory() as root:
        environ = {**os.environ, "PYTG_TERRAFORM": BINARY}
        found = find_terraform(BINARY, Path(root), environ=environ)
    early = Version.parse(found.version).numbers < _EPHEMERAL
    return frozenset({"ephemeral"} if found.flavour == OPENTOFU and early else ())
