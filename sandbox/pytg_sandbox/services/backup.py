"""AWS Backup.

Gaps filled: selections, vault policies and notifications, region settings, changes of a plan and
tags, none of which moto has or reads back. Jobs on demand, and copies, are done at once and told
to EventBridge: they make a recovery point, but keep no data. Schedules of plans start nothing.
"""

from __future__ import annotations

import json
import time
import uuid
from typing import Any
from urllib.parse import unquote

from moto.backup import responses, urls
from moto.backup.exceptions import ResourceNotFoundException
from moto.backup.models import Plan, backup_backends

from pytg_sandbox.patching import Method, adding, replacing
from pytg_sandbox.services import State
from pytg_sandbox.services.events import event_of, publish

PATHS = (
    "{0}/account-settings/?$",
    "{0}/backup/plans/(?P<plan>[^/]+)/selections/?$",
    "{0}/backup/plans/(?P<plan>[^/]+)/selections/(?P<selection>[^/]+)/?$",
    "{0}/backup-vaults/(?P<name>[^/]+)/access-policy/?$",
    "{0}/backup-vaults/(?P<name>[^/]+)/notification-configuration/?$",
    "{0}/backup-vaults/(?P<name>[^/]+)/recovery-points/?$",
    "{0}/backup-vaults/(?P<name>[^/]+)/recovery-points/(?P<point>.+)$",
    "{0}/backup-jobs/?$",
    "{0}/backup-jobs/(?P<job>[^/]+)$",
    "{0}/copy-jobs/?$",
    "{0}/copy-jobs/(?P<job>[^/]+)$",
)
Document = dict[str, Any]


def install(_state: State) -> None:
    """Add the operations to moto's Backup."""
    known = dict(urls.url_paths)
    urls.url_paths.clear()
    urls.url_paths.update(dict.fromkeys(PATHS, responses.BackupResponse.dispatch))
    urls.url_paths.update(known)  # behind: one of its paths takes everything below a plan
    _tags_and_plans()
    _selections()
    _vaults("policy", "backup_vault_access_policy", "Policy")
    _vaults("notifications", "backup_vault_notifications", None)
    _settings()
    _jobs()
    _recovery_points()


def _kept(response: Any, kind: str) -> Document:
    """What is kept of a kind in the request's account and region; it goes with the backend."""
    everything: dict[str, Document] = response.backup_backend.__dict__.setdefault("pytg_kept", {})
    return everything.setdefault(kind, {})


def _part(response: Any, after: str) -> str:
    """The segment of the path that follows a segment."""
    parts = response.path.split("/")
    return unquote(parts[parts.index(after) + 1])


def _body(response: Any) -> Document:
    found: Document = json.loads(response.body or "{}")
    return found


def _tags_and_plans() -> None:
    @replacing(responses.BackupResponse, "list_tags")
    def list_tags(_original: Method, self: Any) -> str:
        arn = unquote(self.path.partition("/tags/")[2].rstrip("/"))
        return json.dumps({"Tags": self.backup_backend.list_tags(arn)})

    @adding(responses.BackupResponse)
    def update_backup_plan(self: Any) -> str:
        plan = self.backup_backend.get_backup_plan(_part(self, "plans"), None)
        new = Plan(_body(self)["BackupPlan"], "", self.backup_backend)
        plan.backup_plan, plan.version_id = new.backup_plan, new.version_id
        plan.advanced_backup_settings = new.advanced_backup_settings
        return json.dumps(plan.to_dict())


def _selections() -> None:
    @adding(responses.BackupResponse)
    def create_backup_selection(self: Any) -> str:
        made: Document = {
            "SelectionId": str(uuid.uuid4()),
            "BackupPlanId": _part(self, "plans"),
            "CreationDate": time.time(),
        }
        selection = {**made, "BackupSelection": _body(self)["BackupSelection"]}
        _kept(self, "selections")[made["SelectionId"]] = selection
        return json.dumps(made)

    @adding(responses.BackupResponse)
    def get_backup_selection(self: Any) -> str:
        found = _kept(self, "selections").get(_part(self, "selections"))
        if found is None:
            raise ResourceNotFoundException("Cannot find the Backup selection")
        return json.dumps(found)

    @adding(responses.BackupResponse)
    def delete_backup_selection(self: Any) -> str:
        _kept(self, "selections").pop(_part(self, "selections"), None)
        return "{}"

    @adding(responses.BackupResponse)
    def list_backup_selections(self: Any) -> str:
        plan = _part(self, "plans")
        found = [
            {
                **{k: v for k, v in entry.items() if k != "BackupSelection"},
                "SelectionName": entry["BackupSelection"]["SelectionName"],
                "IamRoleArn": entry["BackupSelection"]["IamRoleArn"],
            }
            for entry in _kept(self, "selections").values()
            if entry["BackupPlanId"] == plan
        ]
        return json.dumps({"BackupSelectionsList": found})


def _vaults(kind: str, operation: str, member: str | None) -> None:
    def put(self: Any) -> str:
        vault = self.backup_backend.describe_backup_vault(_part(self, "backup-vaults"))
        body = _body(self)
        kept = {member: body[member]} if member else body
        _kept(self, kind)[vault.backup_vault_name] = {**vault.to_dict(), **kept}
        return "{}"

    def get(self: Any) -> str:
        name = _part(self, "backup-vaults")
        if name not in _kept(self, kind):
            raise ResourceNotFoundException(f"The vault {name} has none")
        return json.dumps(_kept(self, kind)[name])

    def delete(self: Any) -> str:
        _kept(self, kind).pop(_part(self, "backup-vaults"), None)
        return "{}"

    for function in (put, get, delete):
        function.__name__ = f"{function.__name__}_{operation}"
        adding(responses.BackupResponse)(function)


def _settings() -> None:
    @adding(responses.BackupResponse)
    def describe_region_settings(self: Any) -> str:
        kept = _kept(self, "settings")
        names = ("ResourceTypeOptInPreference", "ResourceTypeManagementPreference")
        return json.dumps({name: kept.get(name, {}) for name in names})

    @adding(responses.BackupResponse)
    def update_region_settings(self: Any) -> str:
        kept = _kept(self, "settings")
        for name, preference in _body(self).items():
            kept[name] = {**kept.get(name, {}), **preference}
        return "{}"


def _jobs() -> None:
    @adding(responses.BackupResponse)
    def start_backup_job(self: Any) -> str:
        body = _body(self)
        vault = self.backup_backend.describe_backup_vault(body["BackupVaultName"])
        point = _recovery_point(self, vault.backup_vault_arn, body["ResourceArn"])
        job = {
            "BackupJobId": str(uuid.uuid4()),
            "BackupVaultName": vault.backup_vault_name,
            "BackupVaultArn": vault.backup_vault_arn,
            "RecoveryPointArn": point,
            "ResourceArn": body["ResourceArn"],
            "IamRoleArn": body["IamRoleArn"],
            "CreationDate": time.time(),
            "CompletionDate": time.time(),
            "State": "COMPLETED",
            "PercentDone": "100.0",
        }
        _kept(self, "backup jobs")[job["BackupJobId"]] = job
        _tell(self, "Backup Job State Change", point, {**job, "backupJobId": job["BackupJobId"]})
        names = ("BackupJobId", "RecoveryPointArn", "CreationDate")
        return json.dumps({name: job[name] for name in names})

    @adding(responses.BackupResponse)
    def describe_backup_job(self: Any) -> str:
        return json.dumps(_one(self, "backup jobs", _part(self, "backup-jobs")))

    @adding(responses.BackupResponse)
    def list_backup_jobs(self: Any) -> str:
        return json.dumps({"BackupJobs": list(_kept(self, "backup jobs").values())})

    @adding(responses.BackupResponse)
    def start_copy_job(self: Any) -> str:
        body = _body(self)
        source = _one(self, "recovery points", body["RecoveryPointArn"])
        point = _recovery_point(self, body["DestinationBackupVaultArn"], source["ResourceArn"])
        job = {
            "CopyJobId": str(uuid.uuid4()),
            "SourceRecoveryPointArn": body["RecoveryPointArn"],
            "DestinationBackupVaultArn": body["DestinationBackupVaultArn"],
            "DestinationRecoveryPointArn": point,
            "ResourceArn": source["ResourceArn"],
            "IamRoleArn": body["IamRoleArn"],
            "CreationDate": time.time(),
            "CompletionDate": time.time(),
            "State": "COMPLETED",
        }
        _kept(self, "copy jobs")[job["CopyJobId"]] = job
        _tell(self, "Copy Job State Change", point, {**job, "copyJobId": job["CopyJobId"]})
        return json.dumps({name: job[name] for name in ("CopyJobId", "CreationDate")})

    @adding(responses.BackupResponse)
    def describe_copy_job(self: Any) -> str:
        return json.dumps({"CopyJob": _one(self, "copy jobs", _part(self, "copy-jobs"))})

    @adding(responses.BackupResponse)
    def list_copy_jobs(self: Any) -> str:
        return json.dumps({"CopyJobs": list(_kept(self, "copy jobs").values())})


def _recovery_points() -> None:
    @adding(responses.BackupResponse)
    def list_recovery_points_by_backup_vault(self: Any) -> str:
        name = _part(self, "backup-vaults")
        points = _kept(self, "recovery points").values()
        found = [point for point in points if point["BackupVaultName"] == name]
        return json.dumps({"RecoveryPoints": found})

    @adding(responses.BackupResponse)
    def describe_recovery_point(self: Any) -> str:
        return json.dumps(_one(self, "recovery points", _point_of(self)))

    @adding(responses.BackupResponse)
    def delete_recovery_point(self: Any) -> str:
        _kept(self, "recovery points").pop(_point_of(self), None)
        return "{}"


def _point_of(response: Any) -> str:
    return unquote(str(response.path).partition("/recovery-points/")[2])


def _one(response: Any, kind: str, identity: str) -> Document:
    found: Document | None = _kept(response, kind).get(identity)
    if found is None:
        raise ResourceNotFoundException(f"There is no {identity}")
    return found


def _recovery_point(response: Any, vault_arn: str, resource: str) -> str:
    """A new recovery point in a vault of any region of the account; its ARN."""
    region = vault_arn.split(":")[3]
    arn = f"arn:aws:backup:{region}:{response.current_account}:recovery-point:{uuid.uuid4()}"
    backend = backup_backends[response.current_account][region]
    kept = backend.__dict__.setdefault("pytg_kept", {}).setdefault("recovery points", {})
    kept[arn] = {
        "RecoveryPointArn": arn,
        "BackupVaultArn": vault_arn,
        "BackupVaultName": vault_arn.rpartition(":")[2],
        "ResourceArn": resource,
        "CreationDate": time.time(),
        "CompletionDate": time.time(),
        "Status": "COMPLETED",
    }
    return arn


def _tell(response: Any, kind: str, resource: str, job: Document) -> None:
    detail = {name[:1].lower() + name[1:]: value for name, value in job.items()}
    account, region = response.current_account, response.region
    event = event_of(
        account, region, source="aws.backup", kind=kind, resources=[resource], detail=detail
    )
    publish(account, region, "default", event)
