"""S3 replication rules: what a configuration says about an object. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule, with `target` as the name of the destination bucket."""

    target: str
    identity: str = ""
    priority: int = 0
    enabled: bool = True
    prefix: str = ""
    tags: Mapping[str, str] = field(default_factory=dict)
    storage_class: str | None = None
    delete_markers: bool = False
    replica_modifications: bool = False
    metrics: bool = False

    def matches(self, key: str, tags: Mapping[str, str]) -> bool:
        """Whether an object of that name and with these tags is replicated by this rule."""
        tagged = all(tags.get(name) == value for name, value in self.tags.items())
        return self.enabled and key.startswith(self.prefix) and tagged


def chosen(rules: Iterable[Rule], key: str, tags: Mapping[str, str]) -> list[Rule]:
    """The rules that apply: for each destination the one with the highest priority."""
    by_target: dict[str, Rule] = {}
    for rule in sorted(rules, key=lambda rule: rule.priority):
        if rule.matches(key, tags):
            by_target[rule.target] = rule
    return [by_target[target] for target in sorted(by_target)]


def parse_rules(configuration: Mapping[str, Any]) -> list[Rule]:
    """The rules of a ReplicationConfiguration as xmltodict reads it.

    Raises ValueError with S3's message for what S3 refuses as malformed.
    """
    rules = [_parse(rule) for rule in as_list(configuration.get("Rule"))]
    if not rules:
        raise ValueError("a replication configuration needs a rule")
    return rules


def _parse(rule: Mapping[str, Any]) -> Rule:
    if "ExistingObjectReplication" in rule:
        # https://docs.aws.amazon.com/AmazonS3/latest/userguide/s3-batch-replication-batch.html
        raise ValueError("ExistingObjectReplication is not supported: use S3 Batch Replication")
    versions_2 = "Filter" in rule
    if versions_2 and "DeleteMarkerReplication" not in rule:
        raise ValueError("DeleteMarkerReplication must be specified together with Filter")
    if versions_2 and "Priority" not in rule:
        raise ValueError("Priority must be specified together with Filter")
    found = rule.get("Filter") or {}
    found = found.get("And") or found
    destination = rule["Destination"]
    modifications = (rule.get("SourceSelectionCriteria") or {}).get("ReplicaModifications")
    tags = {tag["Key"]: tag.get("Value") or "" for tag in as_list(found.get("Tag"))}
    return Rule(
        target=destination["Bucket"].partition(":::")[2],
        identity=str(rule.get("ID") or ""),
        priority=int(rule.get("Priority") or 0),
        enabled=rule["Status"] == "Enabled",
        prefix=found.get("Prefix") or rule.get("Prefix") or "",
        tags=tags,
        storage_class=destination.get("StorageClass"),
        # S3 does not replicate delete markers by rules with a tag filter
        delete_markers=_enabled(rule.get("DeleteMarkerReplication")) and not tags,
        replica_modifications=_enabled(modifications),
        metrics=_enabled(destination.get("Metrics")),
    )


def _enabled(setting: Mapping[str, Any] | None) -> bool:
    return bool(setting) and setting is not None and setting.get("Status") == "Enabled"


def as_list(value: Any) -> list[Any]:
    """What xmltodict reads as nothing, one or many, as a list."""
    if value is None:
        return []
    return value if isinstance(value, list) else [value]
