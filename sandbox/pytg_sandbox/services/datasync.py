"""DataSync.

Gaps filled: locations and tasks are read back as they were made, with tags, schedule and ARNs of
their account; NFS and object storage locations. A task moves nothing.
"""

from __future__ import annotations

import json
import re
from typing import Any

from moto.datasync import models, responses
from moto.datasync.models import DataSyncBackend

from pytg_sandbox.patching import Method, adding, replacing
from pytg_sandbox.services import State

SECRET = {"Password", "SecretKey", "Tags", "Subdirectory", "ServerHostname", "S3BucketArn"}
KINDS = ("s3", "smb", "nfs", "object_storage")


def install(_state: State) -> None:
    """Add to moto's DataSync."""
    _arns()
    for kind in KINDS:
        _location(kind)
    _tasks()
    _tags()


def _arns() -> None:
    for owner in (models.Location, models.Task):

        @replacing(owner, "__init__")
        def init(original: Method, self: Any, *args: Any, **kwargs: Any) -> None:
            original(self, *args, **kwargs)
            account = (kwargs.get("metadata") or {}).get("pytg_account")
            if account:
                self.arn = self.arn.replace(":111222333444:", f":{account}:")


def _location(kind: str) -> None:
    def create(self: Any) -> str:
        given = json.loads(self.body)
        metadata = {"given": given, "pytg_account": self.current_account}
        uri = _uri(kind, given)
        arn = self.datasync_backend.create_location(uri, metadata=metadata, typ=kind)
        _tag(self.datasync_backend, arn, given.get("Tags"))
        return json.dumps({"LocationArn": arn})

    def describe(self: Any) -> str:
        location = self._get_location(self._get_param("LocationArn"), typ=kind)
        given = {k: v for k, v in location.metadata["given"].items() if k not in SECRET}
        return json.dumps({**given, "LocationArn": location.arn, "LocationUri": location.uri})

    for function in (create, describe):
        setattr(responses.DataSyncResponse, f"{function.__name__}_location_{kind}", function)


def _uri(kind: str, given: dict[str, Any]) -> str:
    """`s3://bucket/folder/`, `smb://host/folder/` and so on, as DataSync writes them."""
    host = given.get("ServerHostname") or given["S3BucketArn"].rpartition(":")[2]
    bucket = given.get("BucketName")
    path = "/".join(part for part in (host, bucket, given.get("Subdirectory")) if part)
    return f"{kind.replace('_', '-')}://{re.sub('/+', '/', f'{path}/')}"


def _tasks() -> None:
    @replacing(responses.DataSyncResponse, "create_task")
    def create_task(_original: Method, self: Any) -> str:
        given = json.loads(self.body)
        arn = self.datasync_backend.create_task(
            given["SourceLocationArn"],
            given["DestinationLocationArn"],
            given.get("Name"),
            metadata={"given": given, "pytg_account": self.current_account},
        )
        _tag(self.datasync_backend, arn, given.get("Tags"))
        return json.dumps({"TaskArn": arn})

    @replacing(responses.DataSyncResponse, "update_task")
    def update_task(_original: Method, self: Any) -> str:
        given = json.loads(self.body)
        task = self.datasync_backend._get_task(given.pop("TaskArn"))  # noqa: SLF001 - moto's way
        task.metadata["given"] |= given
        task.name = task.metadata["given"].get("Name")
        return "{}"

    @replacing(responses.DataSyncResponse, "describe_task")
    def describe_task(_original: Method, self: Any) -> str:
        task = self.datasync_backend._get_task(self._get_param("TaskArn"))  # noqa: SLF001 - likewise
        given = {k: v for k, v in task.metadata["given"].items() if k != "Tags"}
        state = {"TaskArn": task.arn, "Status": task.status, "TaskMode": "BASIC"}
        running = task.current_task_execution_arn
        return json.dumps(
            {**state, **given, **({"CurrentTaskExecutionArn": running} if running else {})}
        )


def _tags() -> None:
    @adding(responses.DataSyncResponse)
    def list_tags_for_resource(self: Any) -> str:
        tags = _tags_of(self.datasync_backend, self._get_param("ResourceArn"))
        return json.dumps({"Tags": [{"Key": k, "Value": v} for k, v in sorted(tags.items())]})

    @adding(responses.DataSyncResponse)
    def tag_resource(self: Any) -> str:
        _tag(self.datasync_backend, self._get_param("ResourceArn"), self._get_param("Tags"))
        return "{}"

    @adding(responses.DataSyncResponse)
    def untag_resource(self: Any) -> str:
        tags = _tags_of(self.datasync_backend, self._get_param("ResourceArn"))
        for key in self._get_param("Keys"):
            tags.pop(key, None)
        return "{}"


def _tags_of(backend: DataSyncBackend, arn: str) -> dict[str, str]:
    everything: dict[str, dict[str, str]] = backend.__dict__.setdefault("pytg_tags", {})
    return everything.setdefault(arn, {})


def _tag(backend: DataSyncBackend, arn: str, tags: list[dict[str, str]] | None) -> None:
    _tags_of(backend, arn).update({tag["Key"]: tag.get("Value", "") for tag in tags or []})
