"""Downloading Terraform, from a server on loopback: it arrives whole or not at all."""

from __future__ import annotations

import hashlib
import io
import threading
import zipfile
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from pytg.errors import Refused
from pytg.terraform import fetch as fetching
from pytg.terraform.binary import host_platform
from pytg.terraform.fetch import CHECKSUMS, VERSION, fetch

SCRIPT = b"#!/bin/sh\necho fetched\n"


def archive(name: str = "terraform") -> bytes:
    body = io.BytesIO()
    with zipfile.ZipFile(body, "w") as file:
        file.writestr("LICENSE.txt", "text")
        file.writestr(name, SCRIPT)
    return body.getvalue()


class Site:
    """What the release site has: path -> body; `cut` bytes are missing at the end of each."""

    def __init__(self) -> None:
        self.files: dict[str, bytes] = {}
        self.cut = 0
        site = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                body = site.files.get(self.path)
                if body is None:
                    self.send_error(404)
                    return
                self.send_response(200)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body[: len(body) - site.cut])

            def log_message(self, *_: object) -> None:
                """Say nothing."""

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}"

    def offer(self, body: bytes) -> dict[str, str]:
        """Put `body` there for the platform `linux_amd64`; returns its checksum."""
        name = f"/terraform/{VERSION}/terraform_{VERSION}_linux_amd64.zip"
        self.files[name] = body
        return {"linux_amd64": hashlib.sha256(body).hexdigest()}


@pytest.fixture
def site() -> Iterator[Site]:
    site = Site()
    thread = threading.Thread(target=site.server.serve_forever, args=(0.01,))
    thread.start()
    yield site
    site.server.shutdown()
    site.server.server_close()
    thread.join()


def attempt(site: Site, to: Path, sums: dict[str, str], target: str = "linux_amd64") -> Path:
    return fetch(to, releases=site.url, target=target, checksums=sums)


def test_it_arrives_executable_and_alone(site: Site, tmp_path: Path) -> None:
    path = attempt(site, tmp_path / "bin", site.offer(archive()))
    assert path == tmp_path / "bin" / "terraform"
    assert path.read_bytes() == SCRIPT
    assert path.stat().st_mode & 0o777 == 0o755
    assert list(path.parent.iterdir()) == [path]


def test_a_wrong_checksum_leaves_what_was_there(site: Site, tmp_path: Path) -> None:
    (tmp_path / "terraform").write_text("old")
    site.offer(archive())
    with pytest.raises(Refused, match="not the file that was published"):
        attempt(site, tmp_path, {"linux_amd64": "0" * 64})
    assert [(p.name, p.read_text()) for p in tmp_path.iterdir()] == [("terraform", "old")]


def test_a_missing_release_says_so(site: Site, tmp_path: Path) -> None:
    with pytest.raises(Refused, match="answers 404"):
        attempt(site, tmp_path, {"linux_amd64": "0" * 64})
    assert list(tmp_path.iterdir()) == []


def test_a_transfer_that_breaks_off_says_so(site: Site, tmp_path: Path) -> None:
    sums = site.offer(archive())
    site.cut = 10
    with pytest.raises(Refused, match=r"broke off after \d+ of \d+ bytes"):
        attempt(site, tmp_path, sums)
    assert list(tmp_path.iterdir()) == []


def test_an_archive_without_terraform_says_so(site: Site, tmp_path: Path) -> None:
    with pytest.raises(Refused, match="holds no terraform"):
        attempt(site, tmp_path, site.offer(archive("other")))
    assert list(tmp_path.iterdir()) == []


def test_no_network_says_so(tmp_path: Path) -> None:
    with pytest.raises(Refused, match=r"cannot download http://127\.0\.0\.1:9/"):
        fetch(tmp_path, releases="http://127.0.0.1:9", target="linux_amd64")


def test_another_platform_is_refused_before_anything(site: Site, tmp_path: Path) -> None:
    with pytest.raises(Refused, match="no pinned Terraform for plan9_mips"):
        attempt(site, tmp_path, {}, "plan9_mips")


@pytest.mark.parametrize(
    ("system", "machine", "expected"),
    [
        ("Linux", "x86_64", "linux_amd64"),
        ("Linux", "aarch64", "linux_arm64"),
        ("Darwin", "arm64", "darwin_arm64"),
        ("Darwin", "x86_64", "darwin_amd64"),
    ],
)
def test_platforms_are_named_as_the_site_names_them(
    monkeypatch: pytest.MonkeyPatch, system: str, machine: str, expected: str
) -> None:
    monkeypatch.setattr("platform.system", lambda: system)
    monkeypatch.setattr("platform.machine", lambda: machine)
    assert host_platform() == expected
    assert expected in CHECKSUMS


def test_the_command_line_reports_failure_with_its_exit_code(
    site: Site, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("PYTG_TERRAFORM_RELEASES", site.url)
    assert fetching.main(["--to", str(tmp_path)]) == Refused.exit_code
    assert "answers 404" in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []


def test_with_if_missing_a_present_one_is_enough(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    present = tmp_path / "terraform"
    present.write_bytes(SCRIPT)
    present.chmod(0o755)
    assert fetching.main(["--to", str(tmp_path), "--if-missing"]) == 0
    assert capsys.readouterr().out == ""
