"""The WSGI application: the control URL, moto below it, and a clear answer where moto has none."""

from __future__ import annotations

import hmac
import json
import os
import signal
import sys
import threading
import traceback
from collections.abc import Callable, Iterable
from typing import Any

from werkzeug.wrappers import Request, Response

from pytg_sandbox.client import TOKEN_HEADER
from pytg_sandbox.failures import failure, is_unrouted, region_of
from pytg_sandbox.repeats import Repeats
from pytg_sandbox.replication import Channel
from pytg_sandbox.services import State
from pytg_sandbox.services.outages import RegionIsDown

Environ = dict[str, Any]
StartResponse = Callable[..., Any]
STOP_AFTER_SECONDS = 0.1


class Application:
    """Answers `/pytg/*` itself and leaves the rest to `moto`."""

    def __init__(self, moto: Callable[..., Any], state: State, token: str) -> None:
        self._moto = moto
        self._state = state
        self._token = token
        self._repeats = Repeats()

    def __call__(self, environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        path = environ.get("PATH_INFO", "")
        if path.startswith("/pytg/"):
            return self._control(Request(environ))(environ, start_response)
        if path == "/moto-api/reset":
            self._state.reset()
            return _answer({"status": "ok"})(environ, start_response)
        answer = self._repeats.once(environ, lambda: self._emulated(environ))
        return answer(environ, start_response)

    def _emulated(self, environ: Environ) -> Response:
        try:
            self._state.check_region(region_of(environ))
            response = Response.from_app(self._moto, environ, buffered=False)
        except RegionIsDown as error:
            answer = failure(environ, 503, "ServiceUnavailable", str(error))
            answer.headers["Connection"] = "close"
            return answer
        except NotImplementedError as error:
            return failure(environ, 501, "NotImplemented", str(error))
        except RuntimeError:  # moto iterated over what another request changed: worth a retry
            traceback.print_exc()
            return failure(environ, 500, "InternalFailure", "the sandbox met a race")
        except Exception as error:  # noqa: BLE001 - a bug in the emulation must not be retried
            traceback.print_exc()
            return failure(environ, 400, "SandboxFailure", f"{type(error).__name__}: {error}")
        if is_unrouted(response):
            response.close()
            return failure(environ, 501, "NotImplemented", "the embedded AWS has no such operation")
        return response

    def _control(self, request: Request) -> Response:
        given = request.headers.get(TOKEN_HEADER, "")
        if not hmac.compare_digest(given.encode(), self._token.encode()):
            return _answer({"error": "the token of server.json is missing"}, 403)
        action = request.path.removeprefix("/pytg/")
        try:
            if request.method == "GET" and action == "status":
                return _answer({"pid": os.getpid(), **self._state.describe()})
            if request.method == "POST" and self._post(action, request):
                return _answer({"status": "ok"})
        except (KeyError, TypeError, ValueError) as error:
            return _answer({"error": f"{type(error).__name__}: {error}"}, 400)
        return _answer({"error": f"no such control: {action}"}, 404)

    def _post(self, action: str, request: Request) -> bool:
        queue = self._state.queue
        body = json.loads(request.get_data() or b"{}") or {}
        match action:
            case "stop":
                timer = threading.Timer(STOP_AFTER_SECONDS, os.kill, (os.getpid(), signal.SIGTERM))
                timer.start()
            case "reset":
                self._state.reset()
            case "lag":
                queue.lag(str(body["service"]), float(body["seconds"]))
            case "pause":
                queue.pause(_channel(body))
            case "resume":
                queue.resume(_channel(body))
            case _ if action in self._state.controls:
                self._state.controls[action](body)
            case _:
                return False
        print(f"control: {action} {body or ''}", file=sys.stderr, flush=True)  # noqa: T201 - the log
        return True


def _channel(body: dict[str, Any]) -> Channel:
    return Channel(str(body["service"]), str(body["from"]), str(body["to"]))


def _answer(document: dict[str, Any], status: int = 200) -> Response:
    return Response(json.dumps(document), status, content_type="application/json")
