"""Estates made of objects, without files: for tests of the graph and its pictures."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path

from pytg.errors import Position
from pytg.model import (
    GLOBAL,
    Account,
    Address,
    Backend,
    Edge,
    Estate,
    Module,
    Region,
    Scope,
    TerraformSettings,
    Unit,
)

ROOT = Path("/estate")
HOME = "us-east-1"


def unit_at(text: str, suffix: str = "", tags: Mapping[str, str] | None = None) -> Unit:
    """A unit of the sandbox account's kind; the address says everything else."""
    address = Address.parse(text)
    module = Module(
        address.module, ROOT / "modules" / address.module, Scope.REGION, {}, {}, frozenset(),
        frozenset(),
    )  # fmt: skip
    return Unit(
        address=address,
        module=module,
        account=Account(address.account, None, sandbox=True),
        region=HOME if address.region == GLOBAL else address.region,
        peer_region=None,
        environment_name=address.environment.removesuffix(f"-{suffix}"),
        suffix=suffix,
        inputs={},
        tags=tags or {},
        backend=Backend("local", text),
    )


def edge_of(upstream: str, unit: str, *outputs: str, line: int = 1) -> Edge:
    """An edge between two addresses; without outputs it is order-only."""
    position = Position(ROOT / "config.yaml", line)
    return Edge(Address.parse(upstream), Address.parse(unit), frozenset(outputs), (position,))


def estate_of(units: Iterable[Unit | str], edges: Iterable[Edge] = ()) -> Estate:
    made = [unit_at(u) if isinstance(u, str) else u for u in units]
    return Estate(
        root=ROOT,
        project="demo",
        terraform=TerraformSettings("terraform", ">= 1.11", {}),
        regions={
            "us-east-1": Region("us-east-1", "source", "eu-west-1"),
            "eu-west-1": Region("eu-west-1", "target", "us-east-1"),
        },
        accounts={u.address.account: u.account for u in made},
        units={u.address: u for u in made},
        edges=tuple(edges),
    )


def small_estate() -> Estate:
    """The 18 units of `estate_builder.two_region`, as objects."""
    units, edges = [], []
    for env in ("dev", "prod"):
        for region in ("eu-west-1", "us-east-1"):
            at = f"docs/{region}/{env}"
            units += [f"{at}/{module}" for module in ("kms", "bucket", "table", "api")]
            edges += [
                edge_of(f"{at}/kms", f"{at}/bucket", "arn"),
                edge_of(f"{at}/kms", f"{at}/table", "arn"),
                edge_of(f"{at}/bucket", f"{at}/api", "arn"),
                edge_of(f"{at}/table", f"{at}/api", "arn"),
            ]
        replication = f"docs/eu-west-1/{env}/replication"
        units.append(replication)
        edges += [
            edge_of(f"docs/{region}/{env}/bucket", replication, "arn")
            for region in ("eu-west-1", "us-east-1")
        ]
    return estate_of(units, edges)


_PLATFORM = {
    # module: what it reads of its own region; `global.x` of the whole environment, `peer.x`
    # of the other region; `!x` is order-only
    "kms": ("global.iam",),
    "storage": ("kms",),
    "tables": ("kms",),
    "queue": ("kms",),
    "replication": ("storage", "peer.storage", "kms"),
    "sync": ("storage", "tables", "queue", "peer.tables", "global.iam"),
    "api": ("storage", "tables", "!sync"),
    "events": ("sync", "queue"),
    "orchestration": ("sync", "replication", "events"),
    "monitoring": ("orchestration", "replication", "tables", "api"),
}
_ENVIRONMENT_WIDE = {"iam": (), "routing": ("source.api", "target.api"), "budget": ("!iam",)}


def platform_estate(environments: int, regions: tuple[str, ...] = (HOME, "eu-west-1")) -> Estate:
    """`1 + environments * (3 + 10 * regions)` units, wired like a real platform."""
    units, edges = [unit_at("docs/global/global/backend")], []
    for number in range(environments):
        env = f"env{number}"
        for module, reads in _ENVIRONMENT_WIDE.items():
            address = f"docs/global/{env}/{module}"
            units.append(unit_at(address))
            edges += _edges(address, reads, env, regions)
        edges.append(edge_of("docs/global/global/backend", f"docs/global/{env}/iam", "bucket"))
        for region in regions:
            for module, reads in _PLATFORM.items():
                address = f"docs/{region}/{env}/{module}"
                units.append(unit_at(address))
                edges += _edges(address, reads, env, regions)
    return estate_of(units, edges)


def _edges(unit: str, reads: Iterable[str], env: str, regions: tuple[str, ...]) -> list[Edge]:
    own = unit.split("/")[1]
    others = [region for region in regions if region != own]
    where = {"": own, "global": GLOBAL, "peer": others[0], "source": regions[0]}
    where["target"] = regions[-1]
    edges = []
    for read in reads:
        place, _, module = read.removeprefix("!").rpartition(".")
        outputs = () if read.startswith("!") else (f"{module}_arn", f"{module}_name")
        edges.append(edge_of(f"docs/{where[place]}/{env}/{module}", unit, *outputs))
    return edges
