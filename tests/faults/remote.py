"""Kinds of round whose states lie on the embedded AWS: it fails, hangs, or runs are killed."""

from __future__ import annotations

import contextlib
import json
import os
import random
import signal
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import psutil

from faults import checks
from faults.estate import SELECTED, Estate
from faults.faults import Lift, any_kill
from faults.kinds import APPLY, always, struck
from faults.moments import moments, wait_for
from faults.victim import Victim
from faults.world import World
from pytg_sandbox.control import Sandbox
from support.project import Project
from support.sandbox_server import ACCOUNT, SandboxServer

REGION = "us-east-1"
TABLE = "faults-locks"


class Remote:
    """The embedded AWS, where each world has a bucket of its own."""

    def __init__(self, server: SandboxServer) -> None:
        self._server = server
        server.client("dynamodb").create_table(
            TableName=TABLE,
            AttributeDefinitions=[{"AttributeName": "LockID", "AttributeType": "S"}],
            KeySchema=[{"AttributeName": "LockID", "KeyType": "HASH"}],
            BillingMode="PAY_PER_REQUEST",
        )

    def world(self, place: Path, estate: Estate, rng: random.Random) -> World:
        """A world whose states lie there."""
        bucket = f"faults-states-{place.name}"
        self._server.client("s3").create_bucket(Bucket=bucket)
        backend = f"backend: {{type: s3, bucket: {bucket}, lock_table: {TABLE}}}\n"
        account = f'account_id: "{ACCOUNT}"\nsandbox: true\n'
        placed = replace(estate, backend=backend, account=account)
        environ = {"PYTG_SANDBOX_DIR": str(self._server.control.directory)}
        return World(place, placed, rng, environ, lambda: self._states(bucket))

    def _states(self, bucket: str) -> Mapping[str, Any]:
        s3, found = self._server.client("s3"), {}
        for item in s3.list_objects_v2(Bucket=bucket).get("Contents", ()):
            if item["Key"].endswith("/terraform.tfstate"):
                body = s3.get_object(Bucket=bucket, Key=item["Key"])["Body"].read()
                found[item["Key"].split("/")[3]] = json.loads(body)
        return found


def _sandbox(world: World) -> Sandbox:
    return Sandbox(Path(world.environ["PYTG_SANDBOX_DIR"]))


def outage(world: World, _victim: Victim) -> Lift:
    """Every call fails until the run has ended."""
    _sandbox(world).outage(REGION, on=True)
    world.step("AWS fails")
    return lambda: _sandbox(world).outage(REGION, on=False)


def hang(world: World, victim: Victim) -> Lift:
    """No call is answered while Terraform works on to its end."""
    with _standing_still(world):
        world.go()
        world.step("AWS hangs")
        with contextlib.suppress(psutil.TimeoutExpired):
            psutil.wait_procs(world.terraforms(), timeout=2)
            psutil.Process(victim.pid).wait(1)
    return lambda: None


@contextlib.contextmanager
def _standing_still(world: World) -> Iterator[None]:
    server = _sandbox(world).status()
    assert server is not None, "the embedded AWS does not run"
    os.kill(server.pid, signal.SIGSTOP)
    try:
        yield
    finally:
        os.kill(server.pid, signal.SIGCONT)


def _unlocked(world: World) -> None:
    """Somebody elsewhere removes the locks of runs that are proved dead, while one applies."""
    if world.stored():
        world.write(world.estate.edited())
    world.gate(*(f"late + {name}" for name in sorted(world.estate.resources())))
    moment = moments(world)["a resource waits"]
    victim = world.start(*APPLY)
    if wait_for(world, "a resource waits", moment, victim):
        other = Project(world.estate.write(world.place / "other"), world.project.environ)
        done = other.pytg("unlock", *SELECTED, "--json", expect=None)
        world.step(f"unlocked elsewhere: {done.code}")
        assert json.loads(done.out)["unlocked"] == [], f"the locks of a run are gone: {done.err}"
    world.go()
    checks.succeeded(world.end(victim))


REMOTE: Mapping[str, Callable[[World], None]] = {
    "AWS fails": struck(always(outage)),
    "AWS hangs": struck(always(hang)),
    "kill": struck(any_kill),
    "unlock": _unlocked,
    "fails and kill": struck(always(outage), any_kill),
}
