"""Modules in the shapes of the field's most used public ones, on the embedded AWS.

They were written for this: a label with a context that is passed on, resources that are made or
not, dynamic blocks, `any`, `try`, `lookup`, `one`, calls within calls, what is only written, and a
provider of the peer.
Those in `shapes`, a network, a function and what is between, need no provider, and no AWS.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

import pytest

from differential.compare import same_states
from differential.estates import REGIONS, Estate, Module
from differential.guards import WRONG_REGION
from differential.history import History
from differential.plain_ways import UnitRoots
from differential.pytg_ways import PerUnit, Pieces, Pytg
from differential.ways import Step, Way
from pytg.terraform.provider_mirror import cli_config
from support.sandbox_server import AWS, SandboxServer

LONG = bool(os.environ.get("DIFFERENTIAL_EXAMPLES"))
pytestmark = pytest.mark.slow

FIXTURES = Path(__file__).with_name("fixtures")
SHAPES = Path(__file__).with_name("shapes")
MODULES = (
    Module("bucket", "region", ()),
    Module("roles", "environment", ()),
    Module("parameters", "region", ()),
)
WAYS: Mapping[str, type[Way]] = {"composed": Pytg, "roots": UnitRoots, "per unit": PerUnit}
CHANGES = {
    "{ enabled: true }": "{ status: suspended }",
    "nobody: { enabled: false }": "nobody: { services: [ec2.amazonaws.com], resources: ['*'] }",
    "written: 1 }": "written: 2 }",
    "- { sid: Read, ": "- { sid: ReadAll, ",
    'never: { enabled: false, value: "" }': "never: { value: now }",
}

PLAIN = (
    Module("network", "region", ()),
    Module("function", "region", ()),
    Module("listener", "environment", ()),
)
PLAIN_CHANGES = {
    "private_subnets: 3": 'private_subnets: ["10.0.64.0/20", "10.0.80.0/20"]',
    "single_nat_gateway: true": "one_nat_gateway_per_az: false",
    "enable_flow_log: false": "enable_flow_log: true",
    "{ self: true }": "{ description: other, from_port: 443 }",
    "attach_policy_statements: true": "attach_policy_statements: false",
    "layers: []": "layers: [one]",
    "rule: { principal": "other: { service: s3 }\n        rule: { principal",
}


def _edited(root: Path, fixtures: Path, changes: Mapping[str, str]) -> Path:
    """The fixtures with other inputs."""
    for path in fixtures.rglob("*"):
        if path.is_file():
            text = path.read_text()
            for old, new in changes.items() if path.name == "config.yaml" else ():
                assert old in text
                text = text.replace(old, new)
            copy = root / path.relative_to(fixtures)
            copy.parent.mkdir(parents=True, exist_ok=True)
            copy.write_text(text)
    return root


def _play(way: Way, sandbox: SandboxServer, estates: list[Estate]) -> list[Step]:
    """What a way sees on an AWS that is empty; afterwards nothing is left to do."""
    sandbox.control.reset()
    steps = [way.apply(estate) for estate in estates]
    assert way.changes(estates[-1]) == []
    return steps


def _environ(tmp_path: Path, sandbox: SandboxServer) -> dict[str, str]:
    return {
        "PYTG_SANDBOX_DIR": str(sandbox.control.directory),
        "TF_CLI_CONFIG_FILE": str(cli_config(tmp_path, [AWS], {}) or os.devnull),
    }


def _estate(fixture: Path) -> Estate:
    return Estate(MODULES, REGIONS, "f1", "sandbox", fixture)


def test_a_provider_of_the_wrong_region_is_noticed(tmp_path: Path, sandbox: SandboxServer) -> None:
    environ = _environ(tmp_path, sandbox)
    estate = _estate(FIXTURES)
    right = Pytg(tmp_path / "right", tmp_path, environ).apply(estate)
    sandbox.control.reset()
    with WRONG_REGION():
        wrong = Pytg(tmp_path / "wrong", tmp_path, environ).apply(estate)
    assert list(same_states(right, wrong))


@pytest.fixture(scope="module")
def seen() -> dict[str, list[Step]]:
    """What each way saw that was played so far."""
    return {}


@pytest.mark.skipif(not LONG, reason="each unit root starts the provider: make differential")
@pytest.mark.parametrize("name", ["roots", "per unit"])
def test_public_shapes_agree_in_every_way(
    name: str, seen: dict[str, list[Step]], tmp_path: Path, sandbox: SandboxServer
) -> None:
    """One way after another, each against those before it: it takes minutes where all is quiet."""
    environ = _environ(tmp_path, sandbox)
    edited = _edited(tmp_path / "edited", FIXTURES, CHANGES)
    estates = [_estate(fixture) for fixture in (FIXTURES, edited)]
    for each in ("composed", name):
        if each not in seen:
            seen[each] = _play(WAYS[each](tmp_path / each, tmp_path, environ), sandbox, estates)
    history = History()
    for estate, *steps in zip(estates, *seen.values(), strict=True):
        found = list(history.differences(estate, dict(zip(seen, steps, strict=True))))
        assert not found, "\n".join(found)


def test_a_network_and_a_function_agree_in_every_way(tmp_path: Path) -> None:
    fixtures = (SHAPES, _edited(tmp_path / "edited", SHAPES, PLAIN_CHANGES))
    estates = [Estate(PLAIN, REGIONS, "s1", "acc", fixture) for fixture in fixtures]
    ways: Mapping[str, type[Way]] = {"composed": Pytg, "pieces": Pieces, "roots": UnitRoots}
    ways = {**ways, "per unit": PerUnit} if LONG else ways
    made = {name: way(tmp_path / name, tmp_path) for name, way in ways.items()}
    history = History()
    for estate in estates:
        steps = {name: way.apply(estate) for name, way in made.items()}
        found = list(history.differences(estate, steps))
        assert not found, "\n".join(found)
        again = {name: found for name, way in made.items() if (found := way.changes(estate))}
        assert again == {}
