"""The one schema of the four configuration files."""

from __future__ import annotations

import re
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

NAME_PATTERN = r"^[a-z][a-z0-9]*([-_][a-z0-9]+)*$"
SUFFIX_PATTERN = r"^([a-z0-9]+([-_][a-z0-9]+)*)?$"
_ONE = r"\s*(=|!=|>=|<=|>|<|~>)?\s*v?\d+(\.\d+)*(-[0-9A-Za-z.-]+)?\s*"
CONSTRAINT_PATTERN = rf"^{_ONE}(,{_ONE})*$"
RESERVED = frozenset({"self", "global"})


def check_name(name: str, pattern: str = NAME_PATTERN) -> str:
    """Return `name`. Raises ValueError, saying why, when it is not a name."""
    if not re.fullmatch(pattern, name):
        raise ValueError(
            f"`{name}` is not a name: small letters and digits, in groups joined by - or _"
        )
    if name in RESERVED:
        raise ValueError(f"`{name}` is a reserved word")
    return name


def check_constraint(text: str) -> str:
    """Return `text`. Raises ValueError when it is no version constraint of Terraform's."""
    if not re.fullmatch(CONSTRAINT_PATTERN, text):
        raise ValueError(f"`{text}` is no version constraint, such as `>= 1.11, < 2.0`")
    return text


def _check_suffix(suffix: str) -> str:
    return check_name(suffix, SUFFIX_PATTERN)


Name = Annotated[
    str, AfterValidator(check_name), Field(json_schema_extra={"pattern": NAME_PATTERN})
]
Suffix = Annotated[
    str, AfterValidator(_check_suffix), Field(json_schema_extra={"pattern": SUFFIX_PATTERN})
]
Constraint = Annotated[
    str,
    AfterValidator(check_constraint),
    Field(json_schema_extra={"pattern": CONSTRAINT_PATTERN}),
]
Inputs = Annotated[dict[str, Any], Field(description="Values and references, by variable.")]


class _Strict(BaseModel):
    """No unknown keys, no conversions."""

    model_config = ConfigDict(
        extra="forbid", strict=True, frozen=True, use_attribute_docstrings=True
    )


class ImportEntry(_Strict):
    """An existing object that the unit imports."""

    to: str
    """Address of the resource inside the module."""
    id: str
    """What the provider calls the object; may use ${self...}."""


class ModuleEntry(_Strict):
    """What every level may say about a module."""

    enabled: bool = True
    """Whether the module has units here."""
    inputs: Inputs = Field(default_factory=dict)
    imports: list[ImportEntry] = Field(default_factory=list)
    """Existing objects that the unit imports."""


class ProjectModuleEntry(ModuleEntry):
    """A module of the project."""

    source: str | None = None
    """Directory of the module, from the project's; default modules/NAME."""
    scope: Literal["account", "environment", "region"] = "region"
    """Whether it has one unit an account, an environment, or a region of an environment."""
    isolate: bool = False
    """Its own Terraform process, even in a composed run."""
    after: list[Name] = Field(default_factory=list)
    """Modules that go first although no value flows from them."""


class BackendEntry(_Strict):
    """Where states live."""

    type: Literal["s3", "local"] = "local"
    module: Name | None = None
    """The module that makes the bucket and the lock table; applied before all others."""
    bucket: str | None = None
    """May use ${self...}; self.region is the backend's region."""
    region: str = "source"
    """A region, `source` or `target`."""
    lock_table: str | None = None
    """DynamoDB table; may use ${self...}."""
    use_lockfile: bool = True
    """A lock object beside the state."""


class Level(_Strict):
    """What may stand at every level."""

    suffix: Suffix | None = None
    """Joined to the environment's name with a dash."""
    tags: dict[str, str | None] = Field(default_factory=dict)
    """Default tags of every resource; may use ${self...}; null takes a tag away."""
    inputs: Inputs = Field(default_factory=dict)
    modules: dict[Name, ModuleEntry] = Field(default_factory=dict)
    """What a module's entry says, for this level."""
    protected: bool = False
    """Deleting or replacing a stateful resource must be named on the command line."""
    backend: BackendEntry = Field(default_factory=BackendEntry)


class ProviderEntry(_Strict):
    """A provider that modules may use."""

    source: str
    version: Constraint
    config: dict[str, Any] = Field(default_factory=dict)
    """Arguments of its provider block, as they are."""


def _check_pattern(text: str) -> str:
    try:
        re.compile(text)
    except re.error as error:
        raise ValueError(f"`{text}` is no regular expression: {error}") from error
    return text


Pattern = Annotated[
    str, AfterValidator(_check_pattern), Field(json_schema_extra={"format": "regex"})
]


class RetryEntry(_Strict):
    """What is tried again: what fails on an error that comes and goes, such as throttling."""

    attempts: int = Field(default=3, ge=1, le=10)
    """How often in all; 1: never again."""
    pause: float = Field(default=5.0, ge=0, le=60)
    """Seconds before the second attempt; each next one is twice as long, up to a minute."""
    patterns: list[Pattern] = Field(default_factory=list)
    """Errors that come and go beside those that pytg knows: regular expressions."""


class TerraformEntry(_Strict):
    """Terraform itself."""

    binary: str = "terraform"
    """Name or path of the Terraform or OpenTofu binary."""
    version: Constraint = ">= 1.11.0"
    """required_version of the generated roots."""
    providers: dict[str, ProviderEntry] = Field(default_factory=dict)
    retry: RetryEntry = Field(default_factory=RetryEntry)


class RegionEntry(_Strict):
    """A region of the estate."""

    role: Literal["source", "target"] | None = None
    peer: Name | None = None
    """Default: the region with the opposite role."""


class ProjectFile(Level):
    """config.yaml: the project."""

    project: str = Field(min_length=1)
    """The estate's name."""
    terraform: TerraformEntry = Field(default_factory=TerraformEntry)
    regions: dict[Name, RegionEntry | None] = Field(default_factory=dict)
    """The regions of the estate."""
    stateful: list[str] = Field(default_factory=list)
    """Resource types that `protected` guards, beside its own; `!TYPE` takes one of those away."""
    # a level's entry has fewer keys than the project's, which is the wider type
    modules: dict[Name, ProjectModuleEntry | None] = Field(  # type: ignore[assignment]  # narrower than its parent's
        default_factory=dict
    )
    """The modules and how they are wired."""


class AssumeRoleEntry(_Strict):
    """The role that provider and backend assume."""

    role_arn: str
    external_id: str | None = None
    session_name: str | None = None


class AccountFile(Level):
    """account.yaml: an account."""

    account_id: Annotated[str, Field(pattern=r"^[0-9]{12}$")] | None = None
    """12 digits, in quotes; checked against the caller's identity."""
    sandbox: bool = False
    """This account is the embedded AWS."""
    endpoint: str | None = None
    """URL of the emulator that this account is, such as `http://localhost:4566`."""
    profile: str | None = None
    """Profile of the AWS shared configuration."""
    assume_role: AssumeRoleEntry | None = None


class RegionFile(Level):
    """region.yaml: a region of an account."""


class EnvironmentFile(Level):
    """env.yaml: an environment in a region."""


FILES: dict[str, type[Level]] = {
    "project": ProjectFile,
    "account": AccountFile,
    "region": RegionFile,
    "environment": EnvironmentFile,
}


def json_schema(level: str = "project") -> dict[str, Any]:
    """The JSON Schema of the file at `level`: `project`, `account`, `region` or `environment`."""
    schema = FILES[level].model_json_schema()
    _close(schema)
    schema["title"] = str(FILES[level].__doc__).rstrip(".")
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **schema}


def _close(schema: Any) -> None:
    """Refuse keys that no pattern matches, which pydantic leaves open."""
    if isinstance(schema, list):
        for item in schema:
            _close(item)
    if isinstance(schema, dict):
        if "patternProperties" in schema:
            schema["additionalProperties"] = False
        for item in schema.values():
            _close(item)
