"""Finding a sandbox, without starting one."""

from __future__ import annotations

import importlib.metadata
import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest

from pytg.errors import Refused
from pytg_sandbox.client import TOKEN_HEADER, read_server
from pytg_sandbox.control import Sandbox


def test_nothing_was_ever_started(tmp_path: Path) -> None:
    sandbox = Sandbox(tmp_path / "none")
    assert sandbox.status() is None
    assert sandbox.stop() is False
    with pytest.raises(Refused, match="not running"):
        sandbox.reset()


def written(url: str, token: str) -> str:
    return json.dumps({"url": url, "pid": 1, "started": "", "token": token})


@pytest.mark.parametrize(
    "text",
    [
        "",
        "{",
        "[]",
        '{"pid": 1}',
        '{"pid": "x", "url": "u"}',
        written("http", "t"),
        written("http://127.0.0.1:x", "t"),
        written("http://127.0.0.1:70000", "t"),
        written("http://127.0.0.1:4566", "a\r\nb"),
    ],
)
def test_a_broken_server_file_counts_as_none(tmp_path: Path, text: str) -> None:
    file = tmp_path / "server.json"
    file.write_text(text)
    assert read_server(file) is None


@pytest.fixture
def stranger() -> Iterator[int]:
    """The port of a server that answers everything, but knows another token."""

    class Stranger(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            known = self.headers.get(TOKEN_HEADER) == "its own"
            self.send_response(200 if known else 403)
            self.end_headers()
            self.wfile.write(b"{}")

        def log_message(self, *_: object) -> None: ...

    server = HTTPServer(("127.0.0.1", 0), Stranger)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield server.server_port
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.mark.parametrize(("token", "running"), [("its own", True), ("mine", False)])
def test_a_process_is_ours_if_it_knows_the_token(
    tmp_path: Path, stranger: int, token: str, *, running: bool
) -> None:
    url = f"http://127.0.0.1:{stranger}"
    data = {"pid": 1, "url": url, "token": token, "started": "", "port": stranger}
    (tmp_path / "server.json").write_text(json.dumps(data))
    assert (Sandbox(tmp_path).status() is not None) == running


def test_another_moto_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(importlib.metadata, "version", lambda _: "4.0.0")
    with pytest.raises(Refused, match=r"5\.2\.5 and finds moto 4\.0\.0"):
        Sandbox(tmp_path).start()


def test_no_moto_is_refused_with_a_hint(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def missing(_: str) -> str:
        raise importlib.metadata.PackageNotFoundError

    monkeypatch.setattr(importlib.metadata, "version", missing)
    with pytest.raises(Refused) as caught:
        Sandbox(tmp_path).start()
    assert "pip install ./sandbox" in caught.value.hint
