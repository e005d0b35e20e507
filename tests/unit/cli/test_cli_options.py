"""Every option can come from the environment."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import click
import pytest

from pytg.cli._options import option, suffix_option
from pytg.cli._view_options import ViewOptions
from pytg.cli.main import group
from pytg.run.options import Request
from support.command import run

BY_CLICK = {"help", "version"}


def commands(
    command: click.Command = group, name: str = "pytg"
) -> Iterator[tuple[str, click.Command]]:
    yield name, command
    if isinstance(command, click.Group):
        context = click.Context(command)
        for child in command.list_commands(context):
            found = command.get_command(context, child)
            assert found is not None
            yield from commands(found, f"{name} {child}")


OPTIONS = {
    f"{name} {parameter.opts[-1]}": parameter
    for name, command in commands()
    for parameter in command.params
    if isinstance(parameter, click.Option) and parameter.name not in BY_CLICK
}


def test_the_options_are_found() -> None:
    wanted = {"pytg --directory", "pytg ls --why", "pytg plan-all -y", "pytg sandbox start --port"}
    assert wanted <= OPTIONS.keys()


def test_every_option_has_a_variable() -> None:
    without = {
        name: found.envvar
        for name, found in OPTIONS.items()
        if not isinstance(found.envvar, str) or not found.envvar.startswith("PYTG_")
    }
    assert without == {}


def test_a_variable_means_the_same_to_every_command() -> None:
    meanings: dict[object, set[object]] = {}
    for parameter in OPTIONS.values():
        choices = parameter.type.choices if isinstance(parameter.type, click.Choice) else None
        meaning = (type(parameter.type), choices, parameter.is_flag, parameter.multiple)
        meanings.setdefault(parameter.envvar, set()).add(meaning)
    assert {name: found for name, found in meanings.items() if len(found) > 1} == {}


def test_the_name_of_the_variable_is_that_of_the_option() -> None:
    @click.command()
    @option("--lock-timeout", "-l")
    @option("--wait/--no-wait")
    @option("--format", envvar="PYTG_LS_FORMAT")
    @suffix_option()
    def command() -> None: ...

    assert [p.envvar for p in command.params if isinstance(p, click.Option)] == [
        "PYTG_LOCK_TIMEOUT",
        "PYTG_WAIT",
        "PYTG_LS_FORMAT",
        "PYTG_SUFFIX",
    ]


@pytest.mark.parametrize(("value", "expected"), [("1", True), ("0", False)])
def test_a_flag_from_the_environment(
    monkeypatch: pytest.MonkeyPatch, value: str, *, expected: bool
) -> None:
    asked: list[tuple[Request, ViewOptions]] = []

    def execute(_: object, request: Request, shown: ViewOptions) -> int:
        asked.append((request, shown))
        return 0

    monkeypatch.setattr("pytg.cli._run.execute", execute)
    for name in ("PYTG_YES", "PYTG_JSON", "PYTG_VERBOSE", "PYTG_PER_UNIT"):
        monkeypatch.setenv(name, value)
    assert run("apply-all") == 0
    request, shown = asked[0]
    flags = (request.options.yes, shown.json, shown.verbose, request.options.per_unit)
    assert flags == (expected,) * 4


@pytest.mark.parametrize(
    "given", [("--identity", "key.txt"), ("--digest", "sha256:00"), ("--max-age", "1")]
)
def test_what_is_for_a_bundle_wants_one(
    estate_root: Path, capsys: pytest.CaptureFixture[str], given: tuple[str, str]
) -> None:
    assert run("-C", str(estate_root), "apply", "--env", "dev", *given) == 4
    assert f"{given[0]}" in capsys.readouterr().err


def test_json_from_the_environment(
    estate_root: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("PYTG_JSON", "1")
    monkeypatch.setenv("PYTG_DIRECTORY", str(estate_root))
    assert run("locks") == 0
    assert json.loads(capsys.readouterr().out) == {"locks": []}


def test_help_loads_no_graph() -> None:
    code = "import sys, pytg.cli.main; sys.exit('networkx' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


@pytest.mark.parametrize(
    "arguments",
    [
        ("plan", "--env", "dev", "--out", ""),
        ("apply", ""),
        ("apply", "kept", "--digest", ""),
    ],
)
def test_a_variable_that_is_not_set_is_not_taken_for_nothing(
    arguments: tuple[str, ...], capsys: pytest.CaptureFixture[str]
) -> None:
    """Else the plan would not be kept, another bundle be applied, or its digest not looked at."""
    assert run(*arguments) == 4
    said = capsys.readouterr().err
    assert "is empty" in said
    assert "is a variable not set?" in said
