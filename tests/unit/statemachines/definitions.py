"""The state machines' templates, filled in as the module `orchestration` fills them in."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import yaml

ASL = Path(__file__).parents[3] / "modules" / "orchestration" / "asl"
SOURCE, TARGET = "us-east-1", "eu-west-1"
FUNCTIONS = ("batch_starter", "gate_check", "ingest", "traffic_switch", "verifier")

_COMMON: Mapping[str, Any] = {
    **{name: name for name in FUNCTIONS},
    "environment": "dev-a1",
    "partition": "aws",
    "source_region": SOURCE,
    "target_region": TARGET,
    "checkpoints_table": "checkpoints",
    "documents_bucket": "documents",
    "ops_bucket": "ops",
    "event_bus": "bus",
    "prefixes": '["incoming/"]',
    "waived_checks": "{}",
    "poll_seconds": 0,
    "most_polls": 5,
    "switch_poll_seconds": 0,
    "switch_most_polls": 5,
    "route_seconds": 0,
    "pause_seconds": 86400,
    "function_seconds": 30,
    "verify_seconds": 60,
    "wave_concurrency": 2,
    "verify_concurrency": 4,
    "verify_batch": 10,
    "import_batch": 10,
}
_MACHINES: Mapping[str, Mapping[str, Any]] = {
    "migration": {"template": "migration", "region": SOURCE, "phase_after": "verify"},
    "cutover": {
        "template": "switch",
        "region": TARGET,
        "from_region": SOURCE,
        "to_region": TARGET,
        "phase_after": "soak",
        "preflight_checks": "[]",
    },
    "rollback": {
        "template": "switch",
        "region": SOURCE,
        "from_region": TARGET,
        "to_region": SOURCE,
        "phase_after": "rollback",
        "preflight_checks": '["active-in-source"]',
    },
}
MACHINES = tuple(_MACHINES)


def definition(machine: str, **other: Any) -> dict[str, Any]:
    """The definition as Step Functions gets it, with `other` values in place of the usual ones.

    Raises KeyError for an unknown placeholder.
    """
    values = {**_COMMON, **_MACHINES[machine], "purpose": machine, **other}
    text = (ASL / f"{values['template']}.asl.yaml").read_text(encoding="utf-8")
    filled = re.sub(r"\$\{(\w+)\}", lambda found: str(values[found[1]]), text)
    read: dict[str, Any] = yaml.safe_load(filled)
    return read


def scopes(machine: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    """The machine itself, and every processor of a map in it: each has states of its own."""
    yield machine
    for state in machine["States"].values():
        if "ItemProcessor" in state:
            yield from scopes(state["ItemProcessor"])


def states(machine: str) -> Iterator[tuple[str, dict[str, Any]]]:
    """Every state with its name, those inside maps too."""
    for scope in scopes(definition(machine)):
        yield from scope["States"].items()


def successors(state: Mapping[str, Any]) -> Iterator[str]:
    """Names of the states that may come next."""
    for holder in (state, *state.get("Choices", ()), *state.get("Catch", ())):
        for key in ("Next", "Default"):
            if key in holder:
                yield holder[key]
