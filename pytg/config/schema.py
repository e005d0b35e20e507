"""The one schema of the four configuration files."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from pytg.config.schema_types import Constraint, Name, Pattern, Suffix

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


class CheckEntry(_Strict):
    """A program that looks at every plan, and may refuse it."""

    command: list[str] = Field(min_length=1)
    """The program and its arguments. The plan's JSON comes on standard input; `{plan}` in an
    argument is the path of a file that has it. Any exit code but 0 refuses the plan."""


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
    checks: dict[Name, CheckEntry] = Field(default_factory=dict)
    """Programs that look at every plan that changes something, before anything is asked."""
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
