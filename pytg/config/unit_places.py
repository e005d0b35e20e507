"""Where units may stand: accounts, environments and their regions, with merged settings."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from pytg.config.hierarchy import EstateFiles
from pytg.config.keys import with_keys
from pytg.config.merge import merge_levels
from pytg.config.node import Node, ReportProblem
from pytg.config.schema import ProjectFile
from pytg.config.self_values import SelfValue, SelfValues, resolve_self_text
from pytg.errors import Position, Problem
from pytg.model import GLOBAL, Account, Address, Region, Scope

LONGEST_ENVIRONMENT = 20


@dataclass(frozen=True, slots=True)
class UnitPlace:
    """One place for units of one scope. `region` is the home region for the wider scopes.

    `settings` are the merged levels; `facts` what `self` knows but for module and address.
    """

    scope: Scope
    account: Account
    region: str
    environment: str
    environment_name: str
    suffix: str
    settings: Node
    facts: SelfValues
    tags: Mapping[str, str]
    position: Position

    def address(self, module: str) -> Address:
        """The address of the unit of `module` here."""
        region = self.region if self.scope is Scope.REGION else GLOBAL
        return Address(self.account.name, region, self.environment, module)

    def facts_for(self, module: str) -> dict[str, SelfValue]:
        """What `self` knows in the unit of `module` here."""
        return {**self.facts, "module": module, "address": str(self.address(module))}

    def __str__(self) -> str:
        region = self.region if self.scope is Scope.REGION else GLOBAL
        return f"{self.account.name}/{region}/{self.environment}"


@dataclass(frozen=True, slots=True)
class EnvironmentDirectory:
    """An environment's directory in one region, with its suffix."""

    name: str
    region: str
    suffix: str
    chain: tuple[Node, ...]
    position: Position

    @property
    def full(self) -> str:
        return f"{self.name}-{self.suffix}" if self.suffix else self.name


class PlaceFinder:
    """Works out every place of an estate."""

    def __init__(
        self,
        files: EstateFiles,
        project: ProjectFile,
        regions: Mapping[str, Region],
        accounts: Mapping[str, Account],
        *,
        suffix: str | None,
        report: ReportProblem,
    ) -> None:
        self.files = files
        self.project = project
        self.regions = regions
        self.accounts = accounts
        self.suffix = suffix
        self.report = report
        self.roles = {region.role: region.name for region in regions.values() if region.role}

    def all(self) -> Iterator[UnitPlace]:
        """Account, environment and region places, by name."""
        for name, document in sorted(self.files.accounts.items()):
            environments = list(self._environments(name))
            self._check_names(environments)
            by_name: dict[str, list[EnvironmentDirectory]] = defaultdict(list)
            for found in environments:
                by_name[found.full].append(found)
            chain = (self.files.project, document)
            everywhere = sorted({found.region for found in environments})
            home = self._home(everywhere or sorted(self.regions))
            account = self.accounts[name]
            position = document.position
            top = EnvironmentDirectory(GLOBAL, home, "", chain, position)
            yield self._place(Scope.ACCOUNT, account, top, everywhere)
            for _, founds in sorted(by_name.items()):
                yield from self._environment(account, founds)

    def _environment(
        self, account: Account, founds: list[EnvironmentDirectory]
    ) -> Iterator[UnitPlace]:
        by_region = {found.region: found for found in founds}
        regions = sorted(by_region)
        yield self._place(Scope.ENVIRONMENT, account, by_region[self._home(regions)], regions)
        for region in regions:
            yield self._place(Scope.REGION, account, by_region[region], regions)

    def _home(self, regions: list[str]) -> str:
        source = self.roles.get("source", "")
        return source if source in regions else min(regions, default="")

    def _environments(self, account: str) -> Iterator[EnvironmentDirectory]:
        for (owner, region, name), document in sorted(self.files.environments.items()):
            if owner != account:
                continue
            levels = (
                self.files.project,
                self.files.accounts[account],
                self.files.regions[account, region],
                document,
            )
            given = next((n for n in reversed(levels) if n.find("suffix")), None)
            node = given.find("suffix") if given else None
            suffix = str(node.value or "") if node else ""
            position = node.position if node and suffix else document.position
            if self.suffix is not None:
                suffix, position = self.suffix, document.position
            yield EnvironmentDirectory(name, region, suffix, levels, position)

    def _check_names(self, environments: Iterable[EnvironmentDirectory]) -> None:
        """One full name is one directory name, with one suffix, in the whole account."""
        by_full: dict[str, EnvironmentDirectory] = {}
        by_name: dict[str, EnvironmentDirectory] = {}
        for found in environments:
            if len(found.full) > LONGEST_ENVIRONMENT:
                message = f"environment `{found.full}` is longer than {LONGEST_ENVIRONMENT}"
                whole = len(found.name) > LONGEST_ENVIRONMENT
                place = found.chain[-1].position if whole else found.position
                self.report(Problem(f"{message} characters", place))
            other = by_full.setdefault(found.full, found)
            if other.name != found.name:
                hint = f"the other is {other.chain[-1].position.file.parent}"
                message = f"two directories make the environment `{found.full}`"
                self.report(Problem(message, found.position, hint))
            same = by_name.setdefault(found.name, found)
            if same.suffix != found.suffix:
                message = f"environment `{found.name}` has suffix `{found.suffix}` here"
                hint = f"and `{same.suffix}` at {same.position}: it must be one in all regions"
                self.report(Problem(message, found.position, hint))

    def _place(
        self, scope: Scope, account: Account, found: EnvironmentDirectory, regions: list[str]
    ) -> UnitPlace:
        settings = merge_levels(found.chain, self.report)
        region = self.regions.get(found.region)
        facts: SelfValues = {
            "project": self.project.project,
            "account": account.name,
            "account_id": account.id,
            "region": found.region,
            "role": region.role if region else None,
            "peer_region": region.peer if region else None,
            "source_region": self.roles.get("source"),
            "target_region": self.roles.get("target"),
            "regions": regions,
            "environment": found.full,
            "environment_name": found.name,
            "suffix": found.suffix,
        }
        written = settings.find("tags")
        named = with_keys(written, facts, self.report).entries if written else {}
        tags = {
            key: resolve_self_text(node, facts, self.report)
            for key, node in sorted(named.items())
            if node.value is not None
        }
        return UnitPlace(
            scope=scope,
            account=account,
            region=found.region,
            environment=found.full,
            environment_name=found.name,
            suffix=found.suffix,
            settings=settings,
            facts={**facts, "tags": tags},
            tags=tags,
            position=found.chain[-1].position,
        )
