"""Start, find and stop the embedded AWS of one project."""

from __future__ import annotations

import fcntl
import importlib.metadata
import os
import secrets
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from pytg.emulator import INSTALL, SANDBOX_CONFIG, SANDBOX_SERVER, config_text, sandbox_directory
from pytg.errors import Refused
from pytg.files import private_directory, write_atomic
from pytg_sandbox.client import HOST, Endpoint, Server, read_server

MOTO = "5.2.5"
SERVER = "pytg_sandbox.server"
READY_SECONDS = 60.0
EXIT_SECONDS = 20.0
POLL_SECONDS = 0.05
PROFILE = "sandbox"


class Sandbox:
    """The embedded AWS whose files lie in `directory`."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def config_file(self) -> Path:
        """The shared AWS config file with the profile `sandbox`."""
        return self.directory / SANDBOX_CONFIG

    @property
    def log_file(self) -> Path:
        """What the server wrote since its last start."""
        return self.directory / "server.log"

    def status(self) -> Endpoint | None:
        """Where it answers; None when it is not running."""
        server = self._server()
        return server.endpoint if server and server.answers() else None

    def start(self, port: int = 0) -> Endpoint:
        """Start it, unless it is running; return when it answers.

        Port 0 means the port of the last time if that is free, else any free one. Raises Refused
        when moto is missing or another version, or when the server does not come up.
        """
        _require_moto()
        private_directory(self.directory)
        with _exclusive(self.directory / "start.lock"):
            if running := self.status():
                if port not in {0, running.port}:
                    raise Refused(
                        f"the sandbox is running on port {running.port} already",
                        hint="stop it first: pytg sandbox stop",
                    )
                endpoint = running
            else:
                endpoint = self._launch(port)
            self._write_config(endpoint)
            return endpoint

    def stop(self) -> bool:
        """Stop it and wait until it is gone; False when it was not running."""
        server = self._server()
        if server is None or not server.answers():
            return False
        server.call("POST", "stop")
        deadline = time.monotonic() + EXIT_SECONDS
        while _is_held(self.directory / "server.lock"):
            if time.monotonic() > deadline:
                raise Refused(
                    f"the sandbox (process {server.endpoint.pid}) does not exit",
                    hint=f"end it by hand: kill -9 {server.endpoint.pid}",
                )
            time.sleep(POLL_SECONDS)
        if self._process is not None:
            self._process.wait()
            self._process = None
        return True

    def reset(self) -> None:
        """Forget every resource, every queued replication, every lag and pause."""
        self._call("reset")

    def lag(self, service: str, seconds: float) -> None:
        """Delay replication of `service` (s3, dynamodb) by `seconds`, also what waits already."""
        self._call("lag", {"service": service, "seconds": seconds})

    def pause(self, service: str, from_region: str, to_region: str) -> None:
        """Hold replication of `service` from one region to another, as an outage does."""
        self._call("pause", {"service": service, "from": from_region, "to": to_region})

    def resume(self, service: str = "*", from_region: str = "*", to_region: str = "*") -> None:
        """Let held replication go on; `*` is any."""
        self._call("resume", {"service": service, "from": from_region, "to": to_region})

    def fail(self, function: str, rate: float, when: str = "either") -> None:
        """Let invocations of a Lambda function fail at `rate` (0 to 1); 0 ends it.

        when: `before` it runs, `after` it ran, or `either`.
        """
        self._call("fail", {"function": function, "rate": rate, "when": when})

    def pace(self, factor: float) -> None:
        """Let schedules and alarm periods pass `factor` times as fast (1 to 600)."""
        self._call("pace", {"factor": factor})

    def outage(self, region: str, *, on: bool) -> None:
        """Let every call to a region fail with 503, or end that."""
        self._call("outage", {"region": region, "on": on})

    def details(self) -> dict[str, Any]:
        """Version, lags, pauses and waiting replications. Raises Refused when not running."""
        answer: dict[str, Any] = self._running().call("GET", "status")
        return answer

    def _call(self, action: str, body: Any = None) -> None:
        self._running().call("POST", action, body, seconds=60)

    def _running(self) -> Server:
        server = self._server()
        if server is None or not server.answers():
            raise Refused("the sandbox is not running", hint="start it: pytg sandbox start")
        return server

    def _server(self) -> Server | None:
        return read_server(self.directory / SANDBOX_SERVER)

    def _write_config(self, endpoint: Endpoint) -> None:
        text = config_text(endpoint.url, PROFILE)
        write_atomic(self.config_file, text.encode(), durable=False)

    def _launch(self, port: int) -> Endpoint:
        previous = self._server()
        wished = port or (previous.endpoint.port if previous else 0)
        token = secrets.token_urlsafe(24)
        command = [sys.executable, "-P", "-m", SERVER, str(self.directory), str(wished)]
        if port:
            command.append("--exactly")
        environment = {k: v for k, v in os.environ.items() if not k.startswith(("AWS_", "MOTO_"))}
        environment["PYTG_SANDBOX_TOKEN"] = token
        with self.log_file.open("wb") as log:
            process = subprocess.Popen(
                command,
                env=environment,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        endpoint = self._wait(process, token)
        self._process = process
        return endpoint

    def _wait(self, process: subprocess.Popen[bytes], token: str) -> Endpoint:
        deadline = time.monotonic() + READY_SECONDS
        while process.poll() is None and time.monotonic() < deadline:
            server = self._server()
            if server and server.token == token and server.answers():
                return server.endpoint
            time.sleep(POLL_SECONDS)
        process.kill()
        process.wait()
        last = self.log_file.read_text(encoding="utf-8", errors="replace").splitlines()[-5:]
        raise Refused(
            "the sandbox did not start: " + "\n  ".join(last or ["it wrote nothing"]),
            hint=f"its log: {self.log_file}",
        )


def _require_moto() -> None:
    hint = INSTALL
    try:
        version = importlib.metadata.version("moto")
    except importlib.metadata.PackageNotFoundError as error:
        raise Refused("the sandbox needs moto, which is not installed", hint=hint) from error
    if version != MOTO:
        raise Refused(f"the sandbox extends moto {MOTO} and finds moto {version}", hint=hint)


@contextmanager
def _exclusive(file: Path) -> Iterator[None]:
    with file.open("a") as handle:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield


def _is_held(file: Path) -> bool:
    """Whether a server holds `file`: it does so from its start until its process ends."""
    with file.open("a") as handle:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
        return False


__all__ = ["HOST", "MOTO", "Endpoint", "Sandbox", "sandbox_directory"]
