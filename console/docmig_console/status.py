"""Where a migration stands: traffic, steps, executions, readiness."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict, dataclass
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from docmig_console.checkpoints import Checkpoints, Step
from docmig_console.executions import Execution, Executions
from docmig_console.platform import Platform, StatesUnreadableError
from pytg.errors import Refused

PURPOSES = ("migration", "cutover", "rollback")


@dataclass(frozen=True, slots=True)
class Traffic:
    """The control item as `region` shows it; `epoch` grows with every switch."""

    region: str
    active_region: str
    state: str
    epoch: int


@dataclass(frozen=True, slots=True)
class Status:
    """`readiness`: by region the composite alarm's state, OK where a cutover may begin.

    `unreachable`: regions that do not answer; what only they could tell is left out.
    """

    environment: str
    traffic: tuple[Traffic, ...]
    paused: bool
    steps: tuple[Step, ...]
    executions: tuple[Execution, ...]
    readiness: dict[str, str]
    unreachable: tuple[str, ...] = ()

    def document(self) -> dict[str, Any]:
        """Plain JSON."""
        return asdict(self)

    def lines(self) -> Iterator[str]:
        """For people."""
        yield f"environment  {self.environment}"
        for region in self.unreachable:
            yield f"traffic      {region} does not answer"
        for seen in self.traffic:
            yield (
                f"traffic      {seen.region} shows: {seen.active_region} {seen.state},"
                f" epoch {seen.epoch}"
            )
        if not self.traffic:
            yield "traffic      nothing was switched yet: the source is active"
        for region, state in self.readiness.items():
            yield f"readiness    {region} {'ready' if state == 'OK' else f'not ready ({state})'}"
        yield f"migration    {'paused before the next step' if self.paused else 'not paused'}"
        for step in self.steps:
            times = f", attempt {step.attempts}" if step.attempts > 1 else ""
            yield f"  {step.name:<10} {step.status}{times}"
        for execution in self.executions:
            yield f"execution    {execution}"


def status_of(platform: Platform, migration_id: str = "") -> Status:
    """Ask AWS for all of it; leaves out a region that does not answer, and raises for two."""
    regions = (platform.source, platform.target)
    traffic: list[Traffic] = []
    executions: list[Execution] = []
    readiness: dict[str, str] = {}
    failures: dict[str, Exception] = {}
    for region in regions:
        try:
            traffic += _traffic(platform, region)
            executions += _executions(platform, region)
            readiness[region] = _readiness(platform, region)
        except (BotoCoreError, ClientError) as error:
            failures[region] = error
    if len(failures) == len(regions):
        raise failures[platform.source]
    checkpoints = Checkpoints(
        platform, migration_id, next(region for region in regions if region not in failures)
    )
    return Status(
        environment=platform.name,
        traffic=tuple(traffic),
        paused=checkpoints.is_paused(),
        steps=tuple(checkpoints.steps()),
        executions=tuple(executions),
        readiness=readiness,
        unreachable=tuple(failures),
    )


def _executions(platform: Platform, region: str) -> Iterator[Execution]:
    """The latest of each state machine of the region."""
    for purpose in PURPOSES:
        if platform.machine(purpose)[0] == region:
            latest = Executions(platform, purpose).latest()
            if latest is not None:
                yield latest


def _traffic(platform: Platform, region: str) -> Iterator[Traffic]:
    found = platform.client("dynamodb", region).get_item(
        TableName=platform.tables["control"],
        Key={"pk": {"S": "control#traffic"}, "sk": {"S": "state"}},
        ConsistentRead=True,
    )
    if item := found.get("Item"):
        yield Traffic(
            region=region,
            active_region=item["active_region"]["S"],
            state=item["state"]["S"],
            epoch=int(item["epoch"]["N"]),
        )


def _readiness(platform: Platform, region: str) -> str:
    try:
        name = platform.outputs("monitoring", region)["composite_alarm_name"]
    except StatesUnreadableError:
        return "unknown: the states cannot be read"
    except Refused:
        return "not monitored"
    found = platform.client("cloudwatch", region).describe_alarms(
        AlarmNames=[name], AlarmTypes=["CompositeAlarm"]
    )["CompositeAlarms"]
    return str(found[0]["StateValue"]) if found else "not monitored"
