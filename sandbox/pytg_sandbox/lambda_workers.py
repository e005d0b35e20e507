"""Lambda functions in processes of their own: warm, few, and ended when nobody needs them."""

from __future__ import annotations

import fcntl
import json
import os
import shutil
import subprocess
import sys
import tempfile
import threading
import time
import uuid
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass, field
from io import BytesIO
from pathlib import Path
from typing import Any, NamedTuple

BOOTSTRAP = Path(__file__).with_name("lambda_bootstrap.py")
WORKERS_A_FUNCTION = 2
WORKERS = 24
IDLE_SECONDS = 120.0
START_SECONDS = 60.0
TURN_SECONDS = 60.0
PASSED_ON = ("PATH", "LD_LIBRARY_PATH", "LANG", "SSL_CERT_FILE")


class Throttled(Exception):
    """No worker came free in time."""


class Outcome(NamedTuple):
    """What an invocation gave: `payload` is JSON, of the result or of the error."""

    request_id: str
    payload: str
    failed: bool
    log: str
    milliseconds: float


@dataclass(frozen=True)
class Program:
    """One version of a function, as its process needs it."""

    arn: str
    version: str
    code: bytes
    code_hash: str
    handler: str
    seconds: float
    environment: Mapping[str, str]
    limit: int = WORKERS_A_FUNCTION

    @property
    def fingerprint(self) -> tuple[Any, ...]:
        """Equal for programs that a worker may serve without a new start."""
        return (self.code_hash, self.handler, tuple(sorted(self.environment.items())))


class Worker:
    """One process. It answers one request at a time."""

    def __init__(self, program: Program, directory: Path) -> None:
        self.fingerprint = program.fingerprint
        self.stream = f"{time.strftime('%Y/%m/%d')}/[{program.version}]{uuid.uuid4().hex}"
        self.idle_since = 0.0
        self._failure: dict[str, Any] | None = None
        self._log = tempfile.TemporaryFile("w+b")  # noqa: SIM115 - closed by stop
        # emptied while the process writes: it must go on at the new end
        fcntl.fcntl(self._log, fcntl.F_SETFL, os.O_APPEND)
        environment = {name: os.environ[name] for name in PASSED_ON if name in os.environ}
        environment |= program.environment
        environment |= {
            "AWS_LAMBDA_LOG_STREAM_NAME": self.stream,
            "LAMBDA_TASK_ROOT": str(directory),
            "PYTHONUNBUFFERED": "1",
            "TZ": ":UTC",
        }
        self._process = subprocess.Popen(
            [sys.executable, "-P", str(BOOTSTRAP), str(directory)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._log,
            env=environment,
            text=True,
            encoding="utf-8",
        )
        answer = self._line_within(START_SECONDS) or {}
        if "ready" not in answer:
            text = "Runtime exited with error while it started"
            default = {"errorMessage": text, "errorType": "Runtime.ExitError"}
            self._failure = answer.get("failed", default)

    @property
    def usable(self) -> bool:
        """Whether it can take another request."""
        return self._failure is None and self._process.poll() is None

    def run(self, program: Program, arn: str, event: str) -> Outcome:
        """Run the handler. The process is ended when it takes longer than it may."""
        identity = str(uuid.uuid4())
        began = time.monotonic()
        reply = self._ask(program, arn, event, identity) if self._failure is None else None
        taken = (time.monotonic() - began) * 1000
        if reply is None:
            failure = self._failure or self._death(identity, program, taken)
            reply = {"error": {**failure, "requestId": identity}}
        payload = reply["result"] if "result" in reply else json.dumps(reply["error"])
        return Outcome(identity, payload, "error" in reply, self._new_log(), taken)

    def stop(self) -> None:
        """End the process."""
        self._process.kill()
        self._process.wait()
        for stream in (self._process.stdin, self._process.stdout, self._log):
            if stream:
                try:
                    stream.close()
                except OSError:
                    continue  # a pipe whose other end is gone

    def _ask(self, program: Program, arn: str, event: str, identity: str) -> dict[str, Any] | None:
        request = {
            "id": identity,
            "arn": arn,
            "event": event,
            "seconds": program.seconds,
            "trace": f"Root=1-{int(time.time()):08x}-{identity.replace('-', '')[:24]};Sampled=0",
        }
        try:
            assert self._process.stdin is not None  # noqa: S101 - for mypy: it is a pipe
            self._process.stdin.write(json.dumps(request) + "\n")
            self._process.stdin.flush()
        except OSError:
            return None
        return self._line_within(program.seconds)

    def _line_within(self, seconds: float) -> dict[str, Any] | None:
        timer = threading.Timer(seconds, self._process.kill)
        timer.daemon = True
        timer.start()
        try:
            assert self._process.stdout is not None  # noqa: S101 - for mypy: it is a pipe
            line = self._process.stdout.readline()
        finally:
            timer.cancel()
        return json.loads(line) if line.endswith("\n") else None

    def _death(self, identity: str, program: Program, taken: float) -> dict[str, Any]:
        code = self._process.wait()
        if taken >= program.seconds * 1000:
            text = f"Task timed out after {program.seconds:.2f} seconds"
            kind = "Sandbox.Timedout"
        else:
            text, kind = f"Runtime exited with error: exit status {code}", "Runtime.ExitError"
        return {"errorMessage": f"RequestId: {identity} Error: {text}", "errorType": kind}

    def _new_log(self) -> str:
        self._log.seek(0)
        text = self._log.read().decode("utf-8", "replace")
        self._log.truncate(0)
        return text


@dataclass
class _Pool:
    idle: list[Worker] = field(default_factory=list)
    busy: int = 0


class Workers:
    """The workers of all functions. `directory` keeps their unpacked code."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self._changed = threading.Condition()
        self._pools: dict[tuple[str, str], _Pool] = {}
        self._unpacking = threading.Lock()

    def run(self, program: Program, arn: str, event: str) -> tuple[Outcome, str]:
        """Run a function; its outcome and the name of its log stream.

        Raises Throttled when all its workers stay busy for too long.
        """
        pool, worker = self._take(program)
        try:
            if worker is None:
                worker = Worker(program, self._unpacked(program))
            return worker.run(program, arn, event), worker.stream
        finally:
            self._give_back(pool, worker)

    def stop(self) -> None:
        """End every process that is idle and forget the code; busy ones end when they are done."""
        with self._changed:
            idle = [worker for pool in self._pools.values() for worker in pool.idle]
            self._pools.clear()
        for worker in idle:
            worker.stop()
        with self._unpacking:
            shutil.rmtree(self._directory, ignore_errors=True)

    def reap(self) -> None:
        """End the processes that have been idle for long, and the oldest of too many."""
        now = time.monotonic()
        with self._changed:
            idle = [(pool, worker) for pool in self._pools.values() for worker in pool.idle]
            idle.sort(key=lambda found: found[1].idle_since)
            busy = sum(pool.busy for pool in self._pools.values())
            too_many = len(idle) + busy - WORKERS
            ended = [
                (pool, worker)
                for number, (pool, worker) in enumerate(idle)
                if number < too_many or now - worker.idle_since > IDLE_SECONDS
            ]
            for pool, worker in ended:
                pool.idle.remove(worker)
        for _, worker in ended:
            worker.stop()

    def _take(self, program: Program) -> tuple[_Pool, Worker | None]:
        deadline = time.monotonic() + TURN_SECONDS
        with self._changed:
            while True:
                pool = self._pools.setdefault((program.arn, program.version), _Pool())
                while pool.idle:
                    worker = pool.idle.pop()
                    if worker.usable and worker.fingerprint == program.fingerprint:
                        pool.busy += 1
                        return pool, worker
                    worker.stop()
                if pool.busy < program.limit:
                    pool.busy += 1
                    return pool, None
                if not self._changed.wait(deadline - time.monotonic()):
                    raise Throttled(program.arn)

    def _give_back(self, pool: _Pool, worker: Worker | None) -> None:
        with self._changed:
            pool.busy -= 1
            keep = worker is not None and worker.usable and pool in self._pools.values()
            if worker is not None and keep:
                worker.idle_since = time.monotonic()
                pool.idle.append(worker)
            self._changed.notify_all()
        if worker is not None and not keep:
            worker.stop()

    def _unpacked(self, program: Program) -> Path:
        name = program.code_hash.replace("/", "_").replace("+", "-").rstrip("=")
        directory = self._directory / name
        with self._unpacking:
            if not directory.is_dir():
                draft = directory.with_suffix(".new")
                shutil.rmtree(draft, ignore_errors=True)
                draft.mkdir(parents=True)
                with zipfile.ZipFile(BytesIO(program.code)) as archive:
                    archive.extractall(draft)
                draft.rename(directory)
        return directory
