"""What lies where Terraform would put something new: settings that a bucket has only once.

Creating one of them overwrites what is there without a word: S3 knows no conditional put for them.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass

from botocore.exceptions import ClientError

from pytg.aws.failures import MISSING, code_of, reported
from pytg.aws.session import Sessions
from pytg.model import Unit


@dataclass(frozen=True, slots=True)
class _Setting:
    """How S3 is asked. `holds` names the part of the answer; empty: all of it."""

    operation: str
    holds: str = ""


SETTINGS: Mapping[str, _Setting] = {
    "aws_s3_bucket_cors_configuration": _Setting("get_bucket_cors", "CORSRules"),
    "aws_s3_bucket_lifecycle_configuration": _Setting(
        "get_bucket_lifecycle_configuration", "Rules"
    ),
    "aws_s3_bucket_logging": _Setting("get_bucket_logging", "LoggingEnabled"),
    "aws_s3_bucket_notification": _Setting("get_bucket_notification_configuration"),
    "aws_s3_bucket_policy": _Setting("get_bucket_policy", "Policy"),
    "aws_s3_bucket_replication_configuration": _Setting(
        "get_bucket_replication", "ReplicationConfiguration"
    ),
    "aws_s3_bucket_website_configuration": _Setting("get_bucket_website"),
}
_NOTHING = MISSING | {
    "NoSuchBucketPolicy",
    "NoSuchCORSConfiguration",
    "NoSuchLifecycleConfiguration",
    "NoSuchWebsiteConfiguration",
    "ReplicationConfigurationNotFoundError",
}


class BucketSettings:
    """Looks with the clients of a unit's account."""

    def __init__(self, sessions: Sessions) -> None:
        self._sessions = sessions

    def there(self, unit: Unit, kind: str, bucket: str) -> str | None:
        """The JSON of what a resource of the type `kind` would overwrite; None: nothing.

        Raises Refused where it cannot be seen.
        """
        setting = SETTINGS[kind]
        s3 = self._sessions.client(unit.account, "s3", unit.region)
        with reported(f"look for what {kind} would overwrite in {bucket}", unit.account):
            try:
                answer = getattr(s3, setting.operation)(Bucket=bucket)
            except ClientError as error:
                if code_of(error) in _NOTHING:
                    return None
                raise
        answer.pop("ResponseMetadata", None)
        found = answer.get(setting.holds) if setting.holds else answer
        if not found:
            return None
        return found if isinstance(found, str) else json.dumps(found, default=str)
