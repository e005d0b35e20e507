"""IAM. Gaps filled.

- A reset and the first request of an account take a second: moto reads AWS's managed policies once
  for each of six partitions; here only for the one called aws.
- Policies that name batch jobs are refused: moto knows S3's ARNs with region and account by the
  beginnings of their last part, and `job/` is not among them.
"""

from __future__ import annotations

from typing import Any

from moto.iam.models import IAMBackend
from moto.iam.policy_validation import SERVICE_TYPE_REGION_INFORMATION_ERROR_ASSOCIATIONS

from pytg_sandbox.patching import Method, replacing
from pytg_sandbox.services import State

JOBS = "job/"


def install(_state: State) -> None:
    """Patch moto's IAM."""
    known = SERVICE_TYPE_REGION_INFORMATION_ERROR_ASSOCIATIONS["s3"]["valid_starting_values"]
    if JOBS in known:
        raise AttributeError("moto knows the ARNs of batch jobs by itself: this gap is closed")
    known.append(JOBS)

    @replacing(IAMBackend, "_init_aws_policies")
    def policies(original: Method, self: Any) -> Any:
        return original(self) if self.partition == "aws" else []
