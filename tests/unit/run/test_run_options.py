"""Each option of a run stands once: its field, and how the command line asks for it."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import Any

import click
import pytest
from click.testing import CliRunner

from pytg.cli import _run
from pytg.cli._run import run_command
from pytg.errors import UsageError
from pytg.run.options import CHANGING, EVERY, Flag, Options, Request, asked

FIELDS = {field.name: field for field in dataclasses.fields(Options)}
UNIT = "acc/us-east-1/dev/app:aws_s3_bucket.this"
# what is given on the command line, and what then stands in the field
GIVEN: dict[str, tuple[list[str], object]] = {
    "parallelism": (["--parallelism", "3"], 3),
    "per_unit": (["--per-unit"], True),
    "fail_fast": (["--fail-fast"], True),
    "lock_timeout": (["--lock-timeout", "1.5"], 1.5),
    "destroy": (["--destroy"], True),
    "detailed_exitcode": (["--detailed-exitcode"], True),
    "out": (["--out", "review"], "review"),
    "recipient": (["--recipient", "age1a", "--recipient", "age1b"], frozenset({"age1a", "age1b"})),
    "yes": (["--yes"], True),
    "allow_dirty": (["--allow-dirty"], True),
    "allow_loss": (["--allow-loss", UNIT, "--allow-loss", "b"], frozenset({UNIT, "b"})),
    "allow_overwrite": (["--allow-overwrite", UNIT], frozenset({UNIT})),
}


def flag(name: str) -> Flag:
    found: Flag = FIELDS[name].metadata["flag"]
    return found


def options_of(command: str) -> dict[str, click.Option]:
    parameters = run_command(command, "help").params
    return {str(p.name): p for p in parameters if isinstance(p, click.Option)}


def asked_for(monkeypatch: pytest.MonkeyPatch, command: str, *arguments: str) -> Request | None:
    """What the command would do; None where it refuses its arguments."""
    requests: list[Request] = []

    def execute(_context: object, request: Request, _view: object) -> int:
        requests.append(request)
        return 0

    monkeypatch.setattr(_run, "execute", execute)
    done = CliRunner().invoke(run_command(command, "help"), arguments, obj=object())
    assert done.exit_code == (0 if requests else 2), done.output
    return requests[0] if requests else None


def test_every_field_says_how_it_is_asked_for() -> None:
    assert FIELDS.keys() == GIVEN.keys()
    for name in FIELDS:
        assert isinstance(flag(name), Flag)
        assert flag(name).help.endswith(".")
        assert flag(name).commands
        assert set(flag(name).commands) <= set(EVERY)


@pytest.mark.parametrize("command", ["plan", "plan-all", "apply", "destroy", "destroy-all"])
@pytest.mark.parametrize("name", FIELDS)
def test_the_commands_that_have_it_fill_the_field(
    monkeypatch: pytest.MonkeyPatch, name: str, command: str
) -> None:
    arguments, value = GIVEN[name]
    request = asked_for(monkeypatch, command, *arguments)
    if command.partition("-")[0] in flag(name).commands:
        assert request is not None
        expected: dict[str, Any] = {"destroy": command.startswith("destroy"), name: value}
        assert request.options == Options(**expected)
        assert request.command == command
    else:
        assert request is None
        assert name not in options_of(command)


@pytest.mark.parametrize("command", EVERY)
def test_what_is_not_asked_for_is_as_the_field_says(
    monkeypatch: pytest.MonkeyPatch, command: str
) -> None:
    request = asked_for(monkeypatch, command)
    assert request is not None
    assert request.options == Options(destroy=command == "destroy")


@pytest.mark.parametrize(
    ("arguments", "taken"),
    [
        (["--parallelism", "1"], True),
        (["--parallelism", "0"], False),
        (["--parallelism", "1.5"], False),
        (["--lock-timeout", "0"], True),
        (["--lock-timeout", "-1"], False),
        (["--lock-timeout", "soon"], False),
        (["-y"], True),
    ],
)
def test_a_number_has_a_least_value(
    monkeypatch: pytest.MonkeyPatch, arguments: list[str], *, taken: bool
) -> None:
    assert (asked_for(monkeypatch, "apply", *arguments) is not None) is taken


def test_a_plan_takes_yes_and_does_not_show_it() -> None:
    assert options_of("plan")["yes"].hidden
    assert not options_of("apply")["yes"].hidden


def test_the_default_is_shown() -> None:
    found = options_of("apply")["lock_timeout"]
    assert found.default == Options().lock_timeout == 30
    assert found.show_default


@pytest.mark.parametrize("name", FIELDS)
def test_the_flag_is_named_like_the_field(name: str) -> None:
    command = flag(name).commands[0]
    assert f"--{name.replace('_', '-')}" in options_of(command)[name].opts
    assert options_of(command)[name].help == flag(name).help


@dataclass(frozen=True, slots=True)
class More(Options):
    """Options with one more field."""

    retry_times: int = asked("Try again.", minimum=2, commands=CHANGING, default=5)


def test_a_new_field_needs_no_other_edit(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_run, "Options", More)
    assert "retry_times" not in options_of("plan")
    assert options_of("apply")["retry_times"].envvar == "PYTG_RETRY_TIMES"
    request = asked_for(monkeypatch, "apply", "--retry-times", "3", "--yes")
    assert request is not None
    assert request.options == More(retry_times=3, yes=True)
    assert asked_for(monkeypatch, "apply", "--retry-times", "1") is None
    assert asked_for(monkeypatch, "plan", "--retry-times", "3") is None


@pytest.mark.parametrize(
    ("command", "applies"),
    [("plan", False), ("plan-all", False), ("apply-all", True), ("destroy", True)],
)
def test_only_a_plan_changes_nothing(command: str, *, applies: bool) -> None:
    assert Request(command).applies is applies


def test_the_command_of_a_destroy_is_enough() -> None:
    assert Request("destroy").options.destroy
    assert Request("destroy-all", options=Options(yes=True)).options == Options(
        yes=True, destroy=True
    )
    assert not Request("apply-all").options.destroy
    assert Request("plan", options=Options(destroy=True)).options.destroy


@pytest.mark.parametrize("command", ["aply", "", "destroyall", "all"])
def test_a_command_that_is_none_is_refused(command: str) -> None:
    with pytest.raises(UsageError, match="no command of a run: plan, apply, destroy, drift are"):
        Request(command)


@pytest.mark.parametrize("command", ["apply", "apply-all"])
def test_an_apply_does_not_destroy(command: str) -> None:
    with pytest.raises(UsageError, match="an apply does not destroy"):
        Request(command, options=Options(destroy=True))
