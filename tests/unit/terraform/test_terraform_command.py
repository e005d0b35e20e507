"""Argument lists, as python-terraform builds them."""

from __future__ import annotations

from pathlib import Path

import pytest

from pytg.terraform.command import Command, arguments

BINARY = Path("/usr/bin/terraform")


def test_options_come_before_arguments_and_keep_their_order() -> None:
    options = {"json": True, "input": False, "lock_timeout": "30s", "parallelism": 4, "out": None}
    built = arguments(BINARY, Command("apply", options, ("plan.tfplan",)))
    assert built == [
        str(BINARY),
        "apply",
        "-json=true",
        "-input=false",
        "-lock-timeout=30s",
        "-parallelism=4",
        "plan.tfplan",
    ]


def test_nothing_is_added_that_was_not_asked_for() -> None:
    assert arguments(BINARY, Command("destroy")) == [str(BINARY), "destroy"]


def test_a_command_of_two_words_and_a_repeated_option() -> None:
    built = arguments(BINARY, Command("state rm", {"target": ("a.b", "c.d")}, ("x.y",)))
    assert built[1:] == ["state", "rm", "-target=a.b", "-target=c.d", "x.y"]


def test_backend_settings_may_be_a_map() -> None:
    built = arguments(BINARY, Command("init", {"backend_config": {"bucket": "b"}}))
    assert built[2:] == ["-backend-config=bucket=b"]


def test_variables_are_refused() -> None:
    with pytest.raises(ValueError, match="option var of terraform plan is a map"):
        arguments(BINARY, Command("plan", {"var": {"a": "b"}}))


def test_a_state_in_the_current_directory_is_not_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "terraform.tfstate").write_text('{"half": ')
    monkeypatch.chdir(tmp_path)
    assert arguments(BINARY, Command("plan"))[1:] == ["plan"]
