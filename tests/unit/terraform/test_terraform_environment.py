"""What reaches a Terraform process, and what must not."""

from __future__ import annotations

import os
from pathlib import Path

from pytg.terraform.environment import environment

REAL = {
    "PATH": "/bin",
    "HOME": "/home/a",
    "AWS_PROFILE": "production",
    "AWS_ACCESS_KEY_ID": "AKIA",
    "AWS_CA_BUNDLE": "/etc/ca.pem",
    "AWS_ENDPOINT_URL_S3": "https://example.com",
    "AWS_SHARED_CREDENTIALS_FILE": "/home/a/.aws/credentials",
}


def test_nothing_real_reaches_an_emulator() -> None:
    env = environment(REAL, emulator=True)
    assert {name: value for name, value in env.items() if name.startswith("AWS_")} == {
        "AWS_CONFIG_FILE": os.devnull,
        "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
        "AWS_EC2_METADATA_DISABLED": "true",
    }
    assert env["PATH"] == "/bin"


def test_a_real_account_keeps_the_environment() -> None:
    env = environment(REAL, emulator=False)
    assert {name: env[name] for name in REAL} == REAL


def test_what_would_make_the_plan_untrue_is_left_out() -> None:
    given = {
        "TF_VAR_region": "x",
        "TF_CLI_ARGS": "-target=a.b",
        "TF_CLI_ARGS_plan": "-refresh=false",
        "TF_WORKSPACE": "other",
        "TF_DATA_DIR": "/elsewhere",
        "TF_LOG": "trace",
        "TF_LOG_PATH": "/log",
        "TF_REATTACH_PROVIDERS": "{}",
    }
    assert not set(environment(given, emulator=False)) & set(given)
    assert environment({**given, "PYTG_TF_LOG": "warn"}, emulator=False)["TF_LOG"] == "warn"


def test_terraform_asks_nobody_and_calls_nobody() -> None:
    env = environment({}, emulator=False)
    assert env == {
        "TF_IN_AUTOMATION": "1",
        "TF_INPUT": "0",
        "CHECKPOINT_DISABLE": "1",
        "GOGC": "300",
    }
    assert environment({"GOGC": "50"}, emulator=False)["GOGC"] == "50"


def test_a_cli_configuration_that_is_not_there_is_dropped(tmp_path: Path) -> None:
    missing = {"TF_CLI_CONFIG_FILE": str(tmp_path / "none")}
    assert "TF_CLI_CONFIG_FILE" not in environment(missing, emulator=False)
    (tmp_path / "own").touch()
    own = {"TF_CLI_CONFIG_FILE": str(tmp_path / "own")}
    assert environment(own, emulator=False)["TF_CLI_CONFIG_FILE"] == own["TF_CLI_CONFIG_FILE"]
    ours = environment(missing, emulator=False, cli_config=tmp_path / "ours")
    assert ours["TF_CLI_CONFIG_FILE"] == str(tmp_path / "ours")


def test_a_plugin_cache_is_made_unless_the_user_has_one(tmp_path: Path) -> None:
    env = environment({}, emulator=False, plugin_cache=tmp_path / "cache")
    assert Path(env["TF_PLUGIN_CACHE_DIR"]).is_dir()
    own = environment({"TF_PLUGIN_CACHE_DIR": "/own"}, emulator=False, plugin_cache=tmp_path)
    assert own["TF_PLUGIN_CACHE_DIR"] == "/own"
