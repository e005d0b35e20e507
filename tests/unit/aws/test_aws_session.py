"""A sandbox account is reached through its own file alone; a real one as boto3 does."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError

from pytg.aws.failures import reported
from pytg.aws.session import Sessions
from pytg.errors import PytgError, Refused
from pytg.model import Account, AssumeRole

SANDBOX = Account("sandbox", "123456789012", sandbox=True)
IDENTITY = """<GetCallerIdentityResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/">
<GetCallerIdentityResult><Arn>arn:aws:iam::1:root</Arn><UserId>u</UserId><Account>1</Account>
</GetCallerIdentityResult></GetCallerIdentityResponse>"""
ROLE = """<AssumeRoleResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><AssumeRoleResult>
<AssumedRoleUser><Arn>arn:aws:sts::1:assumed-role/r/s</Arn><AssumedRoleId>r</AssumedRoleId>
</AssumedRoleUser><Credentials><AccessKeyId>ASSUMED</AccessKeyId><SecretAccessKey>s</SecretAccessKey>
<SessionToken>t</SessionToken><Expiration>2099-01-01T00:00:00Z</Expiration></Credentials>
</AssumeRoleResult></AssumeRoleResponse>"""


class Endpoint(ThreadingHTTPServer):
    """Answers STS on loopback, and keeps what it was asked."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, str]] = []
        super().__init__(("127.0.0.1", 0), _Handler)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"


class _Handler(BaseHTTPRequestHandler):
    server: Endpoint

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"])).decode()
        self.server.asked.append((self.headers["Authorization"], body))
        answer = (ROLE if "Action=AssumeRole" in body else IDENTITY).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(answer)))
        self.end_headers()
        self.wfile.write(answer)

    def log_message(self, *_: Any) -> None:
        return


@pytest.fixture
def endpoint() -> Iterator[Endpoint]:
    server = Endpoint()
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    yield server
    server.shutdown()
    thread.join()
    server.server_close()


def write_config(directory: Path, url: str) -> Path:
    directory.mkdir(parents=True, exist_ok=True)
    file = directory / "aws.ini"
    file.write_text(
        "[profile sandbox]\nregion = us-east-1\naws_access_key_id = INNER\n"
        f"aws_secret_access_key = inner\nendpoint_url = {url}\n"
    )
    return file


def test_nothing_but_its_file_reaches_a_sandbox(
    tmp_path: Path, endpoint: Endpoint, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_config(tmp_path / ".pytg/sandbox", endpoint.url)
    real = tmp_path / "credentials"
    real.write_text("[sandbox]\naws_access_key_id = REAL\naws_secret_access_key = real\n")
    surroundings = {
        "AWS_ACCESS_KEY_ID": "REAL",
        "AWS_SECRET_ACCESS_KEY": "real",
        "AWS_PROFILE": "missing",
        "AWS_SHARED_CREDENTIALS_FILE": str(real),
        "AWS_ENDPOINT_URL": "http://127.0.0.1:9",
        "AWS_ENDPOINT_URL_STS": "http://127.0.0.1:9",
        "AWS_CA_BUNDLE": str(tmp_path / "missing.pem"),
        "AWS_USE_FIPS_ENDPOINT": "true",
        "AWS_USE_DUALSTACK_ENDPOINT": "true",
        "HTTP_PROXY": "http://127.0.0.1:9",
        "http_proxy": "http://127.0.0.1:9",
        "ALL_PROXY": "http://127.0.0.1:9",
    }
    for name, value in surroundings.items():
        monkeypatch.setenv(name, value)
    sessions = Sessions(tmp_path)
    assert sessions.client(SANDBOX, "sts", "eu-west-1").get_caller_identity()["Account"] == "1"
    s3 = sessions.client(SANDBOX, "s3", "eu-west-1")
    assert s3.meta.endpoint_url == endpoint.url
    (authorization, _), *_ = endpoint.asked
    assert "Credential=INNER/" in authorization
    assert "/eu-west-1/sts/" in authorization


@pytest.mark.parametrize(
    "url",
    [
        "",
        "https://s3.amazonaws.com",
        "http://10.0.0.1:4566",
        "http://localhost.example:4566",
        "http://127.0.0.1.example:80",
        "http://user@127.0.0.1@evil.example",
    ],
)
def test_a_sandbox_that_is_not_on_loopback_is_refused(tmp_path: Path, url: str) -> None:
    file = write_config(tmp_path / ".pytg/sandbox", url)
    with pytest.raises(Refused, match="loopback") as raised:
        Sessions(tmp_path).client(SANDBOX, "s3", "us-east-1")
    assert str(file) in raised.value.message


@pytest.mark.parametrize("url", ["http://localhost:1", "http://[::1]:1", "http://127.8.9.1:1"])
def test_all_of_loopback_will_do(tmp_path: Path, url: str) -> None:
    write_config(tmp_path / ".pytg/sandbox", url)
    assert Sessions(tmp_path).endpoint(SANDBOX) == url


def test_the_sandbox_may_lie_elsewhere(
    tmp_path: Path, endpoint: Endpoint, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_config(tmp_path / "elsewhere", endpoint.url)
    monkeypatch.setenv("PYTG_SANDBOX_DIR", str(tmp_path / "elsewhere"))
    assert Sessions(tmp_path).endpoint(SANDBOX) == endpoint.url


def test_a_sandbox_whose_server_is_gone(tmp_path: Path) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))  # bound and not listening: nobody answers
        write_config(tmp_path / ".pytg/sandbox", f"http://127.0.0.1:{free.getsockname()[1]}")
        client = Sessions(tmp_path).client(SANDBOX, "sts", "us-east-1")
        with (
            pytest.raises(Refused, match="the embedded AWS is not running") as raised,
            reported("ask", SANDBOX),
        ):
            client.get_caller_identity()
    assert raised.value.message == "the embedded AWS is not running"
    assert "pytg sandbox start" in raised.value.hint


def test_a_role_is_assumed_once_with_all_it_asks_for(tmp_path: Path, endpoint: Endpoint) -> None:
    write_config(tmp_path / ".pytg/sandbox", endpoint.url)
    role = AssumeRole("arn:aws:iam::1:role/r", "secret word", "me")
    account = Account("sandbox", None, sandbox=True, assume_role=role)
    sessions = Sessions(tmp_path)
    for service in ("sts", "sts"):
        sessions.client(account, service, "eu-west-1").get_caller_identity()
    (_, assumed), *calls = endpoint.asked
    assert "ExternalId=secret+word" in assumed
    assert "RoleSessionName=me" in assumed
    assert len(calls) == 2
    assert all("Credential=ASSUMED/" in authorization for authorization, _ in calls)


def test_clients_are_made_once_from_many_threads(tmp_path: Path, endpoint: Endpoint) -> None:
    write_config(tmp_path / ".pytg/sandbox", endpoint.url)
    sessions = Sessions(tmp_path)
    start, clients = threading.Barrier(8), []

    def work() -> None:
        start.wait()
        clients.append(sessions.client(SANDBOX, "s3", "us-east-1"))

    threads = [threading.Thread(target=work) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(clients) == 8
    assert len(set(map(id, clients))) == 1


@pytest.mark.parametrize(
    ("code", "hint"),
    [
        ("ExpiredToken", "sign in"),
        ("InvalidClientTokenId", "sign in"),
        ("AccessDenied", "permission"),
        ("PermanentRedirect", "region"),
        ("NoSuchBucket", "apply the module"),
    ],
)
def test_what_aws_refuses_comes_with_what_to_do(code: str, hint: str) -> None:
    error = ClientError({"Error": {"Code": code, "Message": "said"}}, "PutObject")
    expected = f"cannot write: {code} from PutObject: said"
    with (
        pytest.raises(PytgError, match=expected) as raised,
        reported("write", SANDBOX, PytgError),
    ):
        raise error
    assert hint in raised.value.hint
    assert type(raised.value) is PytgError


def test_a_role_that_may_not_be_assumed_is_named() -> None:
    account = Account("prod", None, assume_role=AssumeRole("arn:aws:iam::1:role/r"))
    error = ClientError({"Error": {"Code": "AccessDenied"}}, "AssumeRole")
    with pytest.raises(Refused) as raised, reported("write", account):
        raise error
    assert "arn:aws:iam::1:role/r" in raised.value.hint
