"""Talk to a running sandbox over its control URL, with the token from its server.json."""

from __future__ import annotations

import http.client
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pytg.errors import Refused

HOST = "127.0.0.1"
PORTS = 2**16
TOKEN_HEADER = "X-Pytg-Token"  # noqa: S105 - the name of a header, not a secret


@dataclass(frozen=True, slots=True)
class Endpoint:
    """Where a sandbox answers, and which process it is."""

    url: str
    pid: int
    started: str = ""

    @property
    def port(self) -> int:
        """The port in `url`."""
        return int(self.url.rsplit(":", 1)[1])


@dataclass(frozen=True, slots=True)
class Server:
    """What a server wrote about itself into server.json."""

    endpoint: Endpoint
    token: str

    def call(self, method: str, path: str, body: Any = None, *, seconds: float = 10) -> Any:
        """The JSON answer of the control URL.

        Raises Refused for an error answer and OSError when this server does not answer.
        """
        connection = http.client.HTTPConnection(HOST, self.endpoint.port, timeout=seconds)
        try:
            connection.request(
                method,
                f"/pytg/{path}",
                body=None if body is None else json.dumps(body),
                headers={TOKEN_HEADER: self.token},
            )
            response = connection.getresponse()
            answer = _document(response.read())
        except http.client.HTTPException as error:
            raise OSError(f"port {self.endpoint.port} does not speak as a sandbox") from error
        finally:
            connection.close()
        if response.status == http.client.FORBIDDEN or answer is None:
            raise OSError(f"port {self.endpoint.port} belongs to something else")
        if response.status != http.client.OK:
            raise Refused(f"the sandbox refused: {answer.get('error', response.reason)}")
        return answer

    def answers(self) -> bool:
        """Whether this very server is running."""
        try:
            self.call("GET", "status", seconds=5)
        except (OSError, Refused):
            return False
        return True


def _document(text: bytes) -> dict[str, Any] | None:
    try:
        document = json.loads(text)
    except ValueError:
        return None
    return document if isinstance(document, dict) else None


def read_server(file: Path) -> Server | None:
    """The last server that wrote `file`, running or not; None where there was none to read of."""
    try:
        data = json.loads(file.read_text(encoding="utf-8"))
        endpoint = Endpoint(str(data["url"]), int(data["pid"]), str(data["started"]))
        token = str(data["token"])
        there = 0 < endpoint.port < PORTS and token.isascii() and token.isprintable()
    except (OSError, ValueError, LookupError, TypeError):
        return None
    return Server(endpoint, token) if there else None
