"""The environment that docmig opens, and what it refuses before it calls AWS."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from docmig_console.console import group
from docmig_console.platform import Platform
from pytg.errors import Refused, UsageError
from pytg.plugin import boundary
from pytg.project import Project
from pytg.state.backend_stores import BackendStores
from pytg.state.state_store import StateStore

ROOT = Path(__file__).parents[3]
NOWHERE: StateStore = type("Empty", (), {"read": lambda _self, _key: None})()


@pytest.fixture
def unapplied(monkeypatch: pytest.MonkeyPatch) -> Platform:
    monkeypatch.setattr(BackendStores, "of", lambda *_: NOWHERE)
    return Platform(Project(ROOT), "dev")


def test_a_lost_source_region_leaves_the_machines_to_be_found(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def lost(*_: object) -> StateStore:
        raise Refused("cannot read the state", hint="the region does not answer")

    monkeypatch.setattr(BackendStores, "of", lost)
    platform = Platform(Project(ROOT), "dev")
    states = "arn:aws:states:{0}:123456789012:stateMachine:dev-a1-{0}-sfn-{1}"
    for purpose, region in (("cutover", "eu-west-1"), ("rollback", "us-east-1")):
        assert platform.machine(purpose) == (region, states.format(region, purpose))
    assert platform.tables["control"] == "dev-a1-global-dynamodb-control"
    with pytest.raises(Refused, match="cannot read the state"):
        platform.outputs("storage", "eu-west-1")


def docmig(monkeypatch: pytest.MonkeyPatch, *arguments: str) -> int:
    monkeypatch.setattr(sys, "argv", ["docmig", "-C", str(ROOT), *arguments])
    return boundary(group, "docmig")


def test_the_environment_is_found_by_either_name() -> None:
    for env in ("dev", "dev-a1"):
        found = Platform(Project(ROOT), env)
        assert (found.name, found.source, found.target) == ("dev-a1", "us-east-1", "eu-west-1")
        assert found.account.sandbox


def test_an_unknown_environment_is_a_mistake_of_usage() -> None:
    with pytest.raises(UsageError, match="no env matches `dve`") as caught:
        Platform(Project(ROOT), "dve")
    assert caught.value.hint == "did you mean dev?"


def test_an_environment_that_is_not_applied_is_refused(unapplied: Platform) -> None:
    with pytest.raises(Refused, match="orchestration is not applied") as caught:
        unapplied.machine("migration")
    assert caught.value.hint == "pytg apply-all --env dev-a1"


def test_a_module_that_is_not_there_is_refused(unapplied: Platform) -> None:
    with pytest.raises(Refused, match="no unit of the module `ingest` in us-east-1"):
        unapplied.outputs("ingest", "us-east-1")


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("cutover", "--force"), "--force and --approved-by go together"),
        (("rollback", "--force"), "--force and --approved-by go together"),
        (("rollback", "--approved-by", "me"), "--force and --approved-by go together"),
        (("start", "--input", "{"), "--input is no JSON"),
        (("start", "--input", "[]"), "--input is no JSON object"),
        (("abort",), "--reason"),
    ],
)
def test_mistakes_are_told_before_anything_is_called(
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    arguments: tuple[str, ...],
    words: str,
) -> None:
    assert docmig(monkeypatch, "--env", "dev", *arguments) == UsageError.exit_code
    assert words in capsys.readouterr().err
