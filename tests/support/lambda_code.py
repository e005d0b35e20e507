"""Lambda functions for tests: a zip from source text."""

from __future__ import annotations

import io
import json
import zipfile
from typing import Any

from support.sandbox_server import ACCOUNT, SandboxServer

ROLE = f"arn:aws:iam::{ACCOUNT}:role/function"
LOGS = {
    "Version": "2012-10-17",
    "Statement": [{"Effect": "Allow", "Action": "logs:CreateLogGroup", "Resource": "*"}],
}


def zipped(source: str) -> bytes:
    """A zip with one module, `main`."""
    whole = io.BytesIO()
    with zipfile.ZipFile(whole, "w") as archive:
        archive.writestr("main.py", source)
    return whole.getvalue()


def create_role(sandbox: SandboxServer) -> None:
    """The role of the functions."""
    iam = sandbox.client("iam")
    iam.create_role(RoleName="function", AssumeRolePolicyDocument="{}")
    iam.put_role_policy(RoleName="function", PolicyName="logs", PolicyDocument=json.dumps(LOGS))


def create_function(
    sandbox: SandboxServer,
    name: str,
    source: str,
    *,
    region: str = "us-east-1",
    **settings: Any,
) -> str:
    """Create a function whose handler is `handler` in `source`; its ARN."""
    created = sandbox.client("lambda", region).create_function(
        FunctionName=name,
        Role=ROLE,
        Runtime="python3.13",
        Handler="main.handler",
        Code={"ZipFile": zipped(source)},
        **{"Timeout": 30, "Architectures": ["arm64"], **settings},
    )
    arn: str = created["FunctionArn"]
    return arn


def invoke(sandbox: SandboxServer, name: str, event: Any, **options: Any) -> tuple[Any, str | None]:
    """The payload and the kind of error."""
    answer = sandbox.client("lambda").invoke(
        FunctionName=name, Payload=json.dumps(event).encode(), **options
    )
    return json.loads(answer["Payload"].read() or "null"), answer.get("FunctionError")
