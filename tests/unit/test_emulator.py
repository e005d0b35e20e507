"""An account that is an emulator: its config file, and what reaches it and what must not."""

from __future__ import annotations

import configparser
from pathlib import Path

import pytest

from pytg.emulator import config_file
from pytg.errors import ConfigError
from pytg.generate.providers import provider_endpoints
from pytg.generate.unit import render_unit
from pytg.project import Project
from support.estate_builder import build_estate

UNIT = "lab/us-east-1/dev/store"
ENDPOINT = "http://localhost:4566"


def files(account: str) -> dict[str, str]:
    return {
        "config.yaml": """
            project: emulated
            terraform:
              providers:
                aws:
                  source: hashicorp/aws
                  version: 5.100.0
                  config:
                    access_key: AKIAREAL
                    max_retries: 3
                    endpoints: {sts: "http://sts.example.internal"}
            regions: {us-east-1: {role: source}}
            backend: {type: s3, bucket: states}
            modules: {store: {}}
            """,
        "live/lab/account.yaml": account,
        "live/lab/us-east-1/dev/env.yaml": "{}\n",
        "modules/store/main.tf": """
            terraform {
              required_providers {
                aws = { source = "hashicorp/aws" }
              }
            }
            """,
    }


def project(tmp_path: Path, account: str) -> Project:
    return Project(build_estate(tmp_path, files(account)))


def test_generated_blocks_follow_the_endpoint_and_hold_no_real_credentials(tmp_path: Path) -> None:
    found = project(tmp_path, f'endpoint: {ENDPOINT}/\naccount_id: "000000000000"\n')
    text = "\n".join(render_unit(found.estate, found.unit(UNIT)).values())
    assert text.count("emulators/lab.ini") == 4  # config and credentials, of provider and backend
    assert "s3_use_path_style" in text
    assert "max_retries" in text
    assert "AKIAREAL" not in text
    assert "sts.example.internal" not in text


def test_the_config_file_names_the_endpoint(tmp_path: Path) -> None:
    found = project(tmp_path, f'endpoint: {ENDPOINT}/\naccount_id: "000000000000"\n')
    account = found.estate.accounts["lab"]
    assert account.emulator
    written = configparser.ConfigParser()
    written.read(config_file(found.root, account))
    section = written["profile emulator"]
    assert section["endpoint_url"] == ENDPOINT
    assert section["aws_access_key_id"] == "000000000000"


def test_no_variable_of_the_machine_reaches_an_emulator(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIAREAL")
    found = project(tmp_path, f"endpoint: {ENDPOINT}\n")
    assert "AWS_ACCESS_KEY_ID" not in found.environment([found.unit(UNIT)])
    assert "emulator" in str(config_file(found.root, found.estate.accounts["lab"]))


def test_a_real_account_keeps_what_is_configured_and_is_asked_who_it_is_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "testing")
    monkeypatch.delenv("AWS_PROFILE", raising=False)
    found = project(tmp_path, "{}\n")
    assert "AKIAREAL" in "\n".join(render_unit(found.estate, found.unit(UNIT)).values())
    assert provider_endpoints(found.estate) == {"sts": "http://sts.example.internal"}
    account = found.estate.accounts["lab"]
    sts = found.client(account, "sts", "us-east-1")
    s3 = found.client(account, "s3", "us-east-1")
    assert sts.meta.endpoint_url == "http://sts.example.internal"
    assert "example.internal" not in s3.meta.endpoint_url


@pytest.mark.parametrize(
    ("account", "said"),
    [
        ("endpoint: localhost:4566\n", "endpoint must be the URL of a server"),
        ("endpoint: http://localhost:99999\n", "endpoint must be the URL of a server"),
        ("endpoint: http://aws_emulator:4566\n", "endpoint must be the URL of a server"),
        ("endpoint: http://a..b:4566\n", "endpoint must be the URL of a server"),
        ("endpoint: http://:4566\n", "endpoint must be the URL of a server"),
        (f"endpoint: http://{'a' * 64}:1\n", "endpoint must be the URL of a server"),
        ("endpoint: http://${self.region}.x:1\n", "endpoint must be the URL of a server"),
        ("endpoint: http://localhost:x\n", "endpoint must be the URL of a server"),
        ("sandbox: true\nprofile: x\n", "an account with `sandbox: true` has no `profile`"),
        ("endpoint: http://u:p@localhost\n", "endpoint must be the URL of a server"),
        (
            f"endpoint: {ENDPOINT}\nsandbox: true\n",
            "an account with an `endpoint` has no `sandbox`",
        ),
        (f"endpoint: {ENDPOINT}\nprofile: x\n", "an account with an `endpoint` has no `profile`"),
    ],
)
def test_what_contradicts_an_endpoint_is_a_problem_with_its_line(
    tmp_path: Path, account: str, said: str
) -> None:
    with pytest.raises(ConfigError) as caught:
        _ = project(tmp_path, account).estate
    assert said in str(caught.value)
    assert "live/lab/account.yaml:" in str(caught.value)
