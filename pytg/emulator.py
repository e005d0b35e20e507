"""How an emulator of AWS is reached: by a config file of its own.

That file lies below `.pytg`; nothing else has a say.

An account is an emulator when its account.yaml names an `endpoint` (LocalStack, moto's server), or
says `sandbox: true`: the embedded AWS, which writes that file itself when it starts.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterable
from pathlib import Path
from urllib.parse import urlsplit

from pytg.files import write_if_changed
from pytg.model import Account

SANDBOX_CONFIG = "aws.ini"
SANDBOX_SERVER = "server.json"
INSTALL = "from a clone of pytg: pip install ./sandbox"  # the embedded AWS
DIRECTORY = Path(".pytg", "emulators")

_CONFIG = """\
# Written by pytg: how Terraform, the AWS CLI and boto3 reach this emulator of AWS.
[default]
{settings}
[profile {profile}]
{settings}
# S3 Control puts the account id before the host name: as the user name of a URL it does no harm.
[services {profile}]
s3_control =
  endpoint_url = {scheme}://account@{place}
"""
_SETTINGS = """\
region = us-east-1
endpoint_url = {url}
services = {profile}
aws_access_key_id = {key}
aws_secret_access_key = test
disable_host_prefix_injection = true
"""


def sandbox_directory(root: Path) -> Path:
    """Where the embedded AWS of the project at `root` keeps its files."""
    named = os.environ.get("PYTG_SANDBOX_DIR")
    return Path(named).absolute() if named else root / ".pytg" / "sandbox"


def profile(account: Account) -> str:
    """The profile in the emulator's config file."""
    return "sandbox" if account.sandbox else "emulator"


def config_file(root: Path, account: Account) -> Path:
    """The AWS config file of an account that is an emulator, in the project at `root`."""
    if account.sandbox:
        return sandbox_directory(root) / SANDBOX_CONFIG
    return root / DIRECTORY / f"{account.name}.ini"


def config_text(url: str, named: str, key: str = "test") -> str:
    """What stands in the config file of an emulator at `url`, with the profile `named`.

    `key` is the access key id: LocalStack takes one of 12 digits for the account id.
    """
    parts = urlsplit(url)
    settings = _SETTINGS.format(url=url, profile=named, key=key)
    return _CONFIG.format(settings=settings, profile=named, scheme=parts.scheme, place=parts.netloc)


def write_configs(root: Path, accounts: Iterable[Account]) -> None:
    """Write the config file of each account that names an endpoint; the sandbox writes its own."""
    for account in accounts:
        if account.endpoint:
            with contextlib.suppress(OSError):  # who needs it says that it cannot be read
                text = config_text(account.endpoint, profile(account), account.id or "test")
                write_if_changed(config_file(root, account), text)
