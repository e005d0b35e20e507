"""A deployed environment of the document migration: its units' outputs and its AWS clients."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pytg.errors import NotApplied, PytgError, Refused, UsageError
from pytg.model import Address, Estate, Unit
from pytg.project import Project, Selectors

RUNS_IN_SOURCE = {"migration": True, "cutover": False, "rollback": True}


class StatesUnreadableError(Refused):
    """The states cannot be read, such as when the region they lie in is lost."""


class Platform:
    """The environment `env` (its name, or its full name with suffix) of `project`.

    Raises UsageError where there is no such environment, or more than one; Refused where it is
    not applied or its account cannot be reached.
    """

    def __init__(self, project: Project, env: str) -> None:
        found_units = project.select(Selectors(env=(env,))).units
        units = [project.estate.units[address] for address in found_units]
        full = {(unit.account.name, unit.address.environment) for unit in units}
        if len(full) != 1:
            found = sorted(f"{account}/{name}" for account, name in full)
            raise UsageError(
                f"{len(found)} environments are called `{env}`: {', '.join(found)}",
                hint="`pytg ls` lists the environments",
            )
        (_, self.name) = full.pop()
        self.account = units[0].account
        self.source, self.target = _regions(project.estate)
        self._units = {(unit.module.name, unit.address.region): unit for unit in units}
        self._project = project
        self._outputs: dict[Address, Mapping[str, Any]] = {}

    def client(self, service: str, region: str) -> Any:
        """A boto3 client of the environment's account."""
        return self._project.client(self.account, service, region)

    def outputs(self, module: str, region: str) -> Mapping[str, Any]:
        """The outputs of the module's unit in `region` (`global`: of the whole environment)."""
        address = self._unit(module, region).address
        if address not in self._outputs:
            try:
                self._outputs[address] = self._project.outputs(address)
            except NotApplied as error:
                raise Refused(error.message, hint=f"pytg apply-all --env {self.name}") from error
            except PytgError as error:
                raise StatesUnreadableError(error.message, hint=error.hint) from error
        return self._outputs[address]

    @property
    def tables(self) -> Mapping[str, str]:
        """Names of the tables by purpose; by the estate's pattern where no state can be read."""
        try:
            names: Mapping[str, str] = self.outputs("tables", "global")["names"]
        except StatesUnreadableError:
            return {p: f"{self.name}-global-dynamodb-{p}" for p in ("checkpoints", "control")}
        return names

    def machine(self, purpose: str) -> tuple[str, str]:
        """Region and ARN of the state machine `migration`, `cutover` or `rollback`.

        By the estate's pattern where no state can be read: the states lie in the source region,
        and a cutover must be possible when that is lost.
        """
        for region in (self.source, self.target):
            try:
                arns = self.outputs("orchestration", region)["machine_arns"]
            except StatesUnreadableError:
                return self._built(purpose)
            if purpose in arns:
                return region, str(arns[purpose])
        raise Refused(
            f"{self.name} has no state machine `{purpose}`",
            hint="see `machines` in the module orchestration's inputs",
        )

    def _built(self, purpose: str) -> tuple[str, str]:
        region = self.source if RUNS_IN_SOURCE[purpose] else self.target
        machine = f"{self.name}-{region}-sfn-{purpose}"
        return region, f"arn:aws:states:{region}:{self.account.id}:stateMachine:{machine}"

    def _unit(self, module: str, region: str) -> Unit:
        if (module, region) not in self._units:
            raise Refused(
                f"{self.name} has no unit of the module `{module}` in {region}",
                hint="is the module enabled? `pytg ls` lists the units",
            )
        return self._units[module, region]


def _regions(estate: Estate) -> tuple[str, str]:
    by_role = {region.role: region.name for region in estate.regions.values()}
    if not {"source", "target"} <= set(by_role):
        raise UsageError(
            "the estate's regions have no roles `source` and `target`",
            hint="say them in config.yaml, under `regions`",
        )
    return by_role["source"], by_role["target"]
