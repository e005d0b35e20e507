"""The frozen data that `config` resolves and all others read."""

from __future__ import annotations

import enum
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path

from pytg.errors import Position, Problem

GLOBAL = "global"


@dataclass(frozen=True, order=True, slots=True)
class Address:
    """`account/region/environment/module`: one string in CLI, logs, records and state keys.

    Environment-wide units have region `global`; account-wide units also environment `global`.
    Each part matches `[a-z][a-z0-9]*([-_][a-z0-9]+)*`, so that `slug` is unique.
    """

    account: str
    region: str
    environment: str
    module: str

    def __str__(self) -> str:
        return f"{self.account}/{self.region}/{self.environment}/{self.module}"

    @classmethod
    def parse(cls, text: str) -> Address:
        """Read `a/r/e/m`. Raises ValueError when there are not four parts."""
        account, region, environment, module = text.split("/")
        return cls(account, region, environment, module)

    @property
    def slug(self) -> str:
        """The unit's module name in a composed root: a valid and unique HCL identifier."""
        return f"{self.account}__{self.region}__{self.environment}__{self.module}"


class Scope(enum.StrEnum):
    """How many units a module has: one an account, an environment, or a region."""

    ACCOUNT = "account"
    ENVIRONMENT = "environment"
    REGION = "region"


@dataclass(frozen=True, slots=True)
class Variable:
    """An input of a module, from its `variables.tf`. `type` is HCL text, None when not given."""

    name: str
    type: str | None
    required: bool
    nullable: bool
    sensitive: bool
    description: str


@dataclass(frozen=True, slots=True)
class Output:
    """An output of a module, from its `outputs.tf`. One that is ephemeral is in no state."""

    name: str
    sensitive: bool
    description: str
    ephemeral: bool = False


@dataclass(frozen=True, slots=True)
class Module:
    """A reusable Terraform module as its own files declare it.

    `providers` are the local names in `required_providers`; `aliases` its
    `configuration_aliases` as `(provider, alias)`, such as `("aws", "peer")`; `parts` its
    resources and module calls, such as `aws_s3_bucket.this` and `module.logs`. `broken` is what
    keeps its files from being read: what else is known of it then is not all.
    """

    name: str
    path: Path
    scope: Scope
    variables: Mapping[str, Variable]
    outputs: Mapping[str, Output]
    providers: frozenset[str]
    aliases: frozenset[tuple[str, str]]
    parts: frozenset[str] = frozenset()
    broken: tuple[Problem, ...] = ()

    @property
    def stored(self) -> Mapping[str, Output]:
        """The outputs that a root module can have, and a state hold: those not ephemeral."""
        return {name: output for name, output in self.outputs.items() if not output.ephemeral}


@dataclass(frozen=True, slots=True)
class Reference:
    """`${module.output.attr}` in an input, resolved to the unit that it reads.

    `path` goes on into the output's value: names of attributes, or list indices. `optional`:
    the output may be null. A state does not hold outputs that are null, so read from a state
    one of these cannot be told from one that was never applied.
    """

    unit: Address
    output: str
    path: tuple[str | int, ...] = ()
    optional: bool = False


@dataclass(frozen=True, slots=True)
class Template:
    """A string with references in it: literal text and references in turn."""

    parts: tuple[str | Reference, ...]


Number = int | float | Decimal
Value = None | bool | Number | str | Reference | Template | list["Value"] | dict[str, "Value"]


def references(value: Value | Mapping[str, Value]) -> Iterator[Reference]:
    """Every reference inside `value`, in order; `unit.inputs` is such a value."""
    for leaf in leaves(value):
        parts = leaf.parts if isinstance(leaf, Template) else (leaf,)
        yield from (part for part in parts if isinstance(part, Reference))


def leaves(value: Value | Mapping[str, Value]) -> Iterator[Value]:
    """Everything inside `value` that is neither list nor mapping, in order."""
    if isinstance(value, list):
        for item in value:
            yield from leaves(item)
    elif isinstance(value, Mapping):
        for item in value.values():
            yield from leaves(item)
    else:
        yield value


@dataclass(frozen=True, slots=True)
class AssumeRole:
    """The role that the provider and the backend assume in an account."""

    role_arn: str
    external_id: str | None = None
    session_name: str | None = None


@dataclass(frozen=True, slots=True)
class Account:
    """An account. It is an emulator of AWS where it names an endpoint or is the sandbox.

    `endpoint` is the URL of the emulator; `sandbox` is the embedded AWS, whose port is not known
    before it runs.
    """

    name: str
    id: str | None
    sandbox: bool = False
    profile: str | None = None
    assume_role: AssumeRole | None = None
    endpoint: str | None = None

    @property
    def emulator(self) -> bool:
        """Whether its AWS is an emulator: no credentials of the machine reach it."""
        return self.sandbox or self.endpoint is not None


@dataclass(frozen=True, slots=True)
class Provider:
    """A provider requirement; `config` is rendered into its provider block as it is."""

    name: str
    source: str
    version: str
    config: Mapping[str, Value] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Backend:
    """Where one unit's state lives. `key` is a pure function of the address.

    type `s3`: `bucket`, `region`, `lock_table` (None: none), `use_lockfile`.
    type `local`: `key` is a path below the project's `.pytg/state`.
    """

    type: str
    key: str
    bucket: str = ""
    region: str = ""
    lock_table: str | None = None
    use_lockfile: bool = True


@dataclass(frozen=True, slots=True)
class Import:
    """An existing object that the unit adopts: `to` is an address inside the module."""

    to: str
    id: str


@dataclass(frozen=True, slots=True)
class Unit:
    """One module in one environment and region: the smallest thing with its own state.

    `region` is the AWS region of its default provider (the home region for `global` units),
    `peer_region` that of the alias `peer`, None where there is none. `bootstrap` marks the
    module that makes the state backend. `inputs` hold references and templates; everything
    else in them is literal. `after` are units that come first whole: those that no value comes
    from, and those that `after` names.
    """

    address: Address
    module: Module
    account: Account
    region: str
    peer_region: str | None
    environment_name: str
    suffix: str
    inputs: Mapping[str, Value]
    tags: Mapping[str, str]
    backend: Backend
    after: frozenset[Address] = frozenset()
    imports: tuple[Import, ...] = ()
    isolate: bool = False
    bootstrap: bool = False
    protected: bool = False


@dataclass(frozen=True, slots=True)
class Edge:
    """`unit` needs `upstream`. `outputs` flow over it; an order-only edge carries none."""

    upstream: Address
    unit: Address
    outputs: frozenset[str]
    positions: tuple[Position, ...] = ()


@dataclass(frozen=True, slots=True)
class Region:
    """A region of the estate and its role (`source`, `target`, or None)."""

    name: str
    role: str | None
    peer: str | None


@dataclass(frozen=True, slots=True)
class Retry:
    """How often what fails on an error that comes and goes is tried, and what else is such.

    `pause` is the first, in seconds; `patterns` are regular expressions.
    """

    attempts: int = 3
    pause: float = 5.0
    patterns: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class TerraformSettings:
    """What `terraform:` in config.yaml says."""

    binary: str
    required_version: str
    providers: Mapping[str, Provider]
    retry: Retry = Retry()


@dataclass(frozen=True, slots=True)
class Estate:
    """Everything that `config.yaml` and `live/` describe, resolved and checked."""

    root: Path
    project: str
    terraform: TerraformSettings
    regions: Mapping[str, Region]
    accounts: Mapping[str, Account]
    units: Mapping[Address, Unit]
    edges: tuple[Edge, ...]
    stateful: frozenset[str] = frozenset()
    checks: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
