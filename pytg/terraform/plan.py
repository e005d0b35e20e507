"""A plan as `terraform show -json` prints it, and its attribute differences as masked text."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from pytg.errors import Refused
from pytg.terraform.command import Command
from pytg.terraform.conditions import Condition, of_plan
from pytg.terraform.difference import ValuePath, Values, differences
from pytg.terraform.secrets import masked, secrets_in
from pytg.terraform.spawn import capture

_ACTIONS = {"no-op": "noop", "forget": "remove"}


@dataclass(frozen=True, slots=True)
class ResourceChange:
    """What a plan does to one resource instance.

    `before` and `after` are attribute maps, None where there is no object; they hold sensitive
    values in clear, which `differences` masks. The masks have the values' shape, with true where
    it applies.
    """

    address: str
    type: str
    actions: tuple[str, ...]
    reason: str = ""
    before: Any = field(default=None, repr=False)
    after: Any = field(default=None, repr=False)
    after_unknown: Any = field(default=False, repr=False)
    before_sensitive: Any = field(default=False, repr=False)
    after_sensitive: Any = field(default=False, repr=False)
    replace_paths: tuple[ValuePath, ...] = ()
    deposed: str = ""

    @property
    def action(self) -> str:
        """One word, as in the event stream: noop, create, read, update, replace, delete, remove."""
        if len(self.actions) > 1:
            return "replace"
        return _ACTIONS.get(self.actions[0], self.actions[0])

    @property
    def differences(self) -> tuple[str, ...]:
        """Its attributes that change, one line each, masked."""
        values = Values(
            self.before,
            self.after,
            self.after_unknown,
            self.before_sensitive,
            self.after_sensitive,
        )
        return differences(values, self.replace_paths)

    @property
    def outside(self) -> tuple[str, ...]:
        """How it differs where nothing and what is empty are the same.

        A provider reads `{}` back where it was given nothing, right after the apply.
        """
        return replace(self, before=_filled(self.before), after=_filled(self.after)).differences


@dataclass(frozen=True, slots=True)
class OutputChange:
    """What a plan does to an output of the root module."""

    name: str
    actions: tuple[str, ...]
    before: Any = field(default=None, repr=False)
    after: Any = field(default=None, repr=False)
    after_unknown: Any = field(default=False, repr=False)
    sensitive: bool = False

    @property
    def differences(self) -> tuple[str, ...]:
        """How its value changes, masked."""
        hidden = self.sensitive
        values = Values(self.before, self.after, self.after_unknown, hidden, hidden)
        return differences(values, within=(self.name,))


@dataclass(frozen=True, slots=True)
class Plan:
    """What a saved plan does. `drift` is what it found changed outside of Terraform."""

    changes: tuple[ResourceChange, ...]
    outputs: tuple[OutputChange, ...]
    drift: tuple[ResourceChange, ...] = ()
    conditions: tuple[Condition, ...] = ()


def show_json(
    binary: Path,
    workdir: Path,
    plan: Path,
    env: Mapping[str, str],
    *,
    record: Path | None = None,
) -> str:
    """What `terraform show -json` prints of the saved plan at `plan`: sensitive values in clear."""
    command = Command("show", {"json": True}, (str(plan),))
    return capture(binary, workdir, command, env, record=record)


def read_plan(document: Mapping[str, Any]) -> Plan:
    """The plan in `document`, sorted by address. Raises Refused for an unknown format."""
    version = str(document.get("format_version", ""))
    if not version.startswith("1."):
        raise Refused(
            f"cannot read a plan of format {version or 'unknown'}",
            hint="pytg knows format 1: use a Terraform that writes it",
        )
    raw_outputs = document.get("output_changes") or {}
    outputs = tuple(_output(name, raw) for name, raw in sorted(raw_outputs.items()))
    changes = _changes(document.get("resource_changes"))
    drift = _changes(document.get("resource_drift"))
    secrets = _secrets((*changes, *drift), outputs)
    masked_drift = _masked(drift, secrets)
    return Plan(_masked(changes, secrets), outputs, masked_drift, of_plan(document))


def _changes(raw: Any) -> tuple[ResourceChange, ...]:
    found = (_change(item) for item in raw or ())
    return tuple(sorted(found, key=lambda change: (change.address, change.deposed)))


def _change(raw: Mapping[str, Any]) -> ResourceChange:
    change = raw["change"]
    return ResourceChange(
        address=raw["address"],
        type=raw["type"],
        actions=tuple(change["actions"]),
        reason=raw.get("action_reason", ""),
        before=change.get("before"),
        after=change.get("after"),
        after_unknown=change.get("after_unknown", False),
        before_sensitive=change.get("before_sensitive", False),
        after_sensitive=change.get("after_sensitive", False),
        replace_paths=tuple(tuple(path) for path in change.get("replace_paths") or ()),
        deposed=raw.get("deposed", ""),
    )


def _filled(value: Any) -> Any:
    """`value` with null in place of what is empty in it, but for the items of a list."""
    if isinstance(value, dict):
        return {name: _filled(item) for name, item in value.items()} or None
    if isinstance(value, list):
        return [_filled(item) or item for item in value] or None
    return None if value == "" else value


def _secrets(changes: Iterable[ResourceChange], outputs: Iterable[OutputChange]) -> frozenset[str]:
    """Every text that the plan marks as sensitive somewhere."""
    found: set[str] = set()
    for change in changes:
        found.update(secrets_in(change.before, change.before_sensitive))
        found.update(secrets_in(change.after, change.after_sensitive))
    for output in outputs:
        for value in (output.before, output.after):
            found.update(secrets_in(value, output.sensitive))
    return frozenset(found)


def _masked(
    changes: tuple[ResourceChange, ...], secrets: frozenset[str]
) -> tuple[ResourceChange, ...]:
    """`changes` with those texts marked wherever they stand."""
    if not secrets:
        return changes
    return tuple(
        replace(
            change,
            before_sensitive=masked(change.before, change.before_sensitive, secrets),
            after_sensitive=masked(change.after, change.after_sensitive, secrets),
        )
        for change in changes
    )


def _output(name: str, raw: Mapping[str, Any]) -> OutputChange:
    return OutputChange(
        name=name,
        actions=tuple(raw["actions"]),
        before=raw.get("before"),
        after=raw.get("after"),
        after_unknown=raw.get("after_unknown", False),
        sensitive=True in {raw.get("before_sensitive"), raw.get("after_sensitive")},
    )
