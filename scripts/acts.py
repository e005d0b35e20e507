"""What the demo shows of a deployed environment, one function an act. Each raises NotTrueError."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from deployed import SOURCE, TARGET, Deployed, run
from docmig_console.checkpoints import Checkpoints
from docmig_console.executions import Execution, Executions
from documents import Document, documents, invalid_documents
from narration import NotTrueError, check, eventually

# The gates ask for ten minutes of heartbeats below a second, and for pending work that has not
# grown in fifteen; a machine that runs both regions and everything else is busier than that.
REHEARSAL = json.dumps(
    {"limits": {"window_s": 180, "lag_points": 1, "lag_ms": 2000, "pending_growth": 20}}
)
ALARMS_S = 300.0  # an alarm forgets what happened minutes ago
BOTH_WAYS = ((SOURCE, TARGET), (TARGET, SOURCE))
Versions = dict[str, tuple[Document, str]]


def store(platform: Deployed, region: str, made: list[Document]) -> Versions:
    """Put documents into the region's bucket; what was put, by key."""
    return {document.key: (document, platform.put(region, document)) for document in made}


def arrived(platform: Deployed, region: str, put: Versions) -> bool:
    """Whether the region's bucket has each, byte for byte, under the same version."""
    return all(platform.holds(region, document, version) for document, version in put.values())


def registered(platform: Deployed, region: str, put: Versions) -> bool:
    """Whether the region's table has the metadata of exactly these versions."""
    found = (platform.item(region, "metadata", f"doc#{key}", "meta") for key in put)
    return [item and item["version_id"]["S"] for item in found] == [v for _, v in put.values()]


def verified(platform: Deployed, there: str, put: Versions) -> bool:
    """Whether the copies in region `there` were compared with their originals and equal."""
    found = (platform.item(there, "metadata", f"doc#{key}", f"replica#{there}") for key in put)
    return all(item and item["verification"]["S"] == "verified" for item in found)


def show_documents(platform: Deployed) -> None:
    """New documents arrive there with their metadata, and are verified; so do deletions."""
    for here, there in BOTH_WAYS:
        put = store(platform, here, documents(f"from-{here}", 6))
        eventually(
            f"{len(put)} documents written in {here} are in {there}, byte for byte, same version",
            lambda: arrived(platform, there, put),  # noqa: B023 - used at once
        )
        eventually(
            "their metadata is in both regions, and each copy was compared with its original",
            lambda: (
                registered(platform, here, put)  # noqa: B023 - used at once
                and registered(platform, there, put)  # noqa: B023 - used at once
                and verified(platform, there, put)  # noqa: B023 - used at once
            ),
        )
        gone = next(iter(put))
        platform.delete(here, gone)
        eventually(
            f"{gone} deleted in {here} is gone in {there}, and its metadata says so",
            lambda: (
                gone not in platform.keys(there, platform.bucket(there))  # noqa: B023 - used at once
                and platform.status(there, gone) == "deleted"  # noqa: B023 - used at once
            ),
        )


def show_refused(platform: Deployed) -> None:
    """What breaks a rule is in a dead-letter place, whole and with its reason."""
    bad = invalid_documents("refused")
    store(platform, SOURCE, list(bad.values()))

    wanted = {document.key: [code] for code, document in bad.items()}
    eventually(
        f"{len(bad)} invalid documents were refused, each with its reason: {', '.join(bad)}",
        lambda: dict(platform.refusals(SOURCE)) == wanted,
    )


def show_metadata(platform: Deployed) -> None:
    """A metadata record written in either region is read in the other."""
    for here, there in BOTH_WAYS:
        key = {"pk": {"S": f"note#{here}"}, "sk": {"S": "meta"}}
        item = {**key, "origin_region": {"S": here}, "version": {"S": "1"}}
        platform.client("dynamodb", here).put_item(TableName=platform.tables["metadata"], Item=item)
        eventually(
            f"a record written in {here} is read in {there}",
            lambda: platform.item(there, "metadata", key["pk"]["S"], "meta"),  # noqa: B023 - used at once
        )


def show_migration(platform: Deployed, legacy: Versions) -> None:
    """The workflow stops when it is told to, goes on, and brings over what was there before."""
    docmig = _console(platform)
    docmig("pause")
    docmig("start", "--no-wait", "--input", REHEARSAL)
    eventually(
        "the workflow waits before its first step",
        lambda: _steps(platform) == {"assess": "waiting"},
    )
    check(not arrived(platform, TARGET, legacy), f"the older documents are not in {TARGET} yet")
    docmig("resume")
    eventually(
        "resumed: assess, seed, sync and verify are done",
        lambda: _latest(platform, "migration").status != "RUNNING",
        patience_s=300,
    )
    print(docmig("status"))
    check(_latest(platform, "migration").status == "SUCCEEDED", "the execution succeeded")
    check(arrived(platform, TARGET, legacy), f"all older documents are in {TARGET}")
    eventually(
        "and have their metadata in both regions",
        lambda: all(registered(platform, region, legacy) for region in (SOURCE, TARGET)),
    )


def show_lag(platform: Deployed) -> None:
    """Injected lag sets off the alarms, and a cutover is refused; without it they go off again."""
    alarm = platform.outputs("monitoring", SOURCE)["alarm_names"]["heartbeat-lag"]
    ready = platform.outputs("monitoring", SOURCE)["composite_alarm_name"]

    def states() -> dict[str, str]:
        found = platform.client("cloudwatch", SOURCE).describe_alarms(
            AlarmNames=[alarm, ready], AlarmTypes=["MetricAlarm", "CompositeAlarm"]
        )
        both = (*found["MetricAlarms"], *found["CompositeAlarms"])
        return {a["AlarmName"]: a["StateValue"] for a in both}

    def until(text: str, state: str) -> None:
        eventually(text, lambda: set(states().values()) == {state}, ALARMS_S, seen=seen)

    def seen() -> list[str]:
        found = platform.client("cloudwatch", SOURCE).describe_alarms(AlarmTypes=["MetricAlarm"])
        others = [a["AlarmName"] for a in found["MetricAlarms"] if a["StateValue"] == "ALARM"]
        return [f"{states()}", *others]

    until("no alarm is on", "OK")
    run(platform.root, "pytg", "sandbox", "lag", "dynamodb", "3")
    until(f"{alarm} fires, and {ready} with it", "ALARM")
    _console(platform)("cutover", "--input", REHEARSAL, expect=1)
    refused = _latest(platform, "cutover")
    check(refused.error == "Refused.GateClosed", f"the cutover is refused: {refused.cause}")
    run(platform.root, "pytg", "sandbox", "lag", "dynamodb", "0.25")
    until("the alarms are off again", "OK")


def show_switches(platform: Deployed) -> None:
    """Cut over and roll back while documents are written all the time; none is lost."""
    docmig = _console(platform)
    with _writing(platform) as put:
        for command, active in (("cutover", TARGET), ("rollback", SOURCE)):
            before = len(put)
            docmig(command, "--input", REHEARSAL)
            seen = json.loads(docmig("status", "--json"))["traffic"]
            check(
                {t["active_region"] for t in seen} == {active},
                f"{command}: both regions say that {active} is active",
            )
            eventually(
                "documents went on being written",
                lambda: len(put) > before + 2,  # noqa: B023 - used at once
            )
    for region in (SOURCE, TARGET):
        eventually(
            f"all {len(put)} documents written meanwhile are in {region}, with their metadata",
            lambda: arrived(platform, region, put) and registered(platform, region, put),  # noqa: B023 - used at once
        )


@contextmanager
def _writing(platform: Deployed) -> Iterator[Versions]:
    """Documents, two a second, into the region that is active by the parameter clients read."""
    put: Versions = {}
    stop, failures = threading.Event(), list[BaseException]()
    parameter = platform.outputs("traffic", SOURCE)["active_region_parameter"]

    def write() -> None:
        made = iter(documents("meanwhile", 5000))
        try:
            while not stop.wait(0.5):
                value = platform.client("ssm", SOURCE).get_parameter(Name=parameter)
                region = json.loads(value["Parameter"]["Value"])["active_region"]
                put.update(store(platform, region, [next(made)]))
        except BaseException as error:  # noqa: BLE001 - told below
            failures.append(error)

    thread = threading.Thread(target=write)
    thread.start()
    try:
        yield put
    finally:
        stop.set()
        thread.join()
    check(not failures, f"no write failed {failures or ''}".strip())


def _console(platform: Deployed) -> Callable[..., str]:
    def docmig(*arguments: str, expect: int = 0) -> str:
        return run(platform.root, "docmig", "--env", platform.name, *arguments, expect=expect)

    return docmig


def _steps(platform: Deployed) -> dict[str, str]:
    return {step.name: step.status for step in Checkpoints(platform).steps()}


def _latest(platform: Deployed, purpose: str) -> Execution:
    found = Executions(platform, purpose).latest()
    if found is None:
        raise NotTrueError(f"{purpose} was started")
    return found
