"""The process behind `pytg sandbox start`: moto's server with pytg's extensions, on loopback."""

from __future__ import annotations

import argparse
import fcntl
import json
import os
import signal
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

# Read by moto while it is imported: AWS managed policies exist, as in every account.
os.environ["MOTO_IAM_LOAD_MANAGED_POLICIES"] = "true"

from moto.moto_server.werkzeug_app import (
    DomainDispatcherApplication,
    MotoRequestHandler,
    create_backend_app,
)
from werkzeug.serving import BaseWSGIServer, make_server

from pytg.emulator import SANDBOX_SERVER
from pytg.files import write_atomic
from pytg_sandbox.application import Application
from pytg_sandbox.client import HOST
from pytg_sandbox.replication import ReplicationQueue
from pytg_sandbox.services import install

FIRST_ERROR, NOT_FOUND = 400, 404


class _Requests(MotoRequestHandler):
    """Logs the requests that failed, except those for what is not there: Terraform asks often."""

    def log_request(self, code: int | str = "-", size: int | str = "-") -> None:
        number = int(code) if str(code).isdigit() else FIRST_ERROR
        if number >= FIRST_ERROR and number != NOT_FOUND:
            self.log("info", "%s %s -> %s (%s)", self.command, self.path, code, size)


def _service_application(service: Any) -> Any:
    if service is None:
        raise NotImplementedError("the embedded AWS has no such service")
    return create_backend_app(service)


def _bind(port: int, application: Application, *, exactly: bool) -> BaseWSGIServer:
    """Listen on `port`; on any free one when it is taken, unless `exactly`."""
    try:
        return make_server(HOST, port, application, threaded=True, request_handler=_Requests)
    except (OSError, SystemExit):  # werkzeug exits when the address is in use
        if exactly or not port:
            raise
        return make_server(HOST, 0, application, threaded=True, request_handler=_Requests)


def _serve(directory: Path, port: int, *, exactly: bool) -> None:
    token = os.environ["PYTG_SANDBOX_TOKEN"]
    queue = ReplicationQueue()
    state = install(queue, directory)
    moto = DomainDispatcherApplication(_service_application)
    application = Application(moto, state, token)
    server = _bind(port, application, exactly=exactly)
    os.environ["MOTO_PORT"] = str(server.port)
    queue.start()
    state.work.start()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    document = {
        "pid": os.getpid(),
        "port": server.port,
        "started": datetime.now(UTC).isoformat(timespec="seconds"),
        "token": token,
        "url": f"http://{HOST}:{server.port}",
    }
    text = json.dumps(document, indent=2)
    write_atomic(directory / SANDBOX_SERVER, text.encode(), durable=False)
    server.serve_forever()


def main() -> None:
    """Serve until told to stop; the lock on server.lock is held for as long."""
    parser = argparse.ArgumentParser(prog="pytg_sandbox.server")
    parser.add_argument("directory", type=Path)
    parser.add_argument("port", type=int)
    parser.add_argument("--exactly", action="store_true")
    arguments = parser.parse_args()
    with (arguments.directory / "server.lock").open("a") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            sys.exit(f"another sandbox, which does not answer, holds {arguments.directory}")
        _serve(arguments.directory, arguments.port, exactly=arguments.exactly)


if __name__ == "__main__":
    main()
