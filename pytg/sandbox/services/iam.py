"""IAM. Gap filled: a reset and the first request of an account take a second.

moto reads AWS's managed policies once for each of six partitions; here only for the one called aws.
"""

from __future__ import annotations

from typing import Any

from moto.iam.models import IAMBackend

from pytg.sandbox.patching import Method, replacing
from pytg.sandbox.services import State


def install(_state: State) -> None:
    """Patch moto's IAM."""

    @replacing(IAMBackend, "_init_aws_policies")
    def policies(original: Method, self: Any) -> Any:
        return original(self) if self.partition == "aws" else []
