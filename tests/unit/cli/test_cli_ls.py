from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from pytg.cli._context import Context
from pytg.cli.main import group
from pytg.errors import EmptySelection, UsageError
from pytg.graph.build import build_graph
from pytg.graph.selection import Selectors, select_units


@pytest.fixture
def run(estate_root: Path, monkeypatch: pytest.MonkeyPatch) -> object:
    monkeypatch.setenv("PYTG_DIRECTORY", str(estate_root))

    def call(*args: str, **environment: str) -> Result:
        return CliRunner().invoke(group, ["ls", *args], env=environment)

    return call


def test_names_are_the_units_of_a_run_in_its_order(run: object, estate_root: Path) -> None:
    result = run("--env", "dev", "--region", "us-east-1")  # type: ignore[operator]
    estate = Context(str(estate_root)).project().estate
    selectors = Selectors(env=("dev",), region=("us-east-1",))
    expected = select_units(estate, build_graph(estate), selectors).units
    assert result.stdout.splitlines() == [str(unit) for unit in expected]
    assert [unit.module for unit in expected] == ["kms", "bucket", "table", "api"]


def test_why_follows_after_a_tab(run: object) -> None:
    result = run("--select", "docs/eu-west-1/dev/bucket+", "--why")  # type: ignore[operator]
    assert result.stdout.splitlines()[0] == (
        "docs/eu-west-1/dev/bucket\tdocs/eu-west-1/dev/bucket+"
    )
    assert "needs docs/eu-west-1/dev/bucket" in result.stdout.splitlines()[1]


def test_tree(run: object) -> None:
    result = run("--env", "dev", "--module", "api", "--module", "kms", "--format", "tree")  # type: ignore[operator]
    assert result.stdout == (
        "docs\n"
        "└── dev\n"
        "    ├── eu-west-1\n"
        "    │   ├── kms\n"
        "    │   └── api\n"
        "    └── us-east-1\n"
        "        ├── kms\n"
        "        └── api\n"
    )
    result = run("--module", "api", "--env", "dev", "--format", "tree", "--why")  # type: ignore[operator]
    assert "└── api  (env:dev, and module:api)\n" in result.stdout


def test_json(run: object) -> None:
    result = run("--env", "prod", "--module", "replication", "--format", "json", "--why")  # type: ignore[operator]
    assert json.loads(result.stdout) == [
        {
            "address": "docs/eu-west-1/prod/replication",
            "account": "docs",
            "region": "eu-west-1",
            "environment": "prod",
            "module": "replication",
            "aws_region": "eu-west-1",
            "suffix": "",
            "needs": ["docs/eu-west-1/prod/bucket", "docs/us-east-1/prod/bucket"],
            "reads": {
                "docs/eu-west-1/prod/bucket": ["arn"],
                "docs/us-east-1/prod/bucket": ["arn"],
            },
            "broken": [],
            "why": "env:prod, and module:replication",
        }
    ]


def test_options_come_from_the_environment_too(run: object) -> None:
    result = run(PYTG_ENV="dev prod", PYTG_MODULE="kms", PYTG_LS_FORMAT="json")  # type: ignore[operator]
    assert len(json.loads(result.stdout)) == 4


def test_a_suffix_makes_other_environments(run: object) -> None:
    result = run("--suffix", "a1", "--env", "dev", "--module", "kms")  # type: ignore[operator]
    assert result.stdout.split() == ["docs/eu-west-1/dev-a1/kms", "docs/us-east-1/dev-a1/kms"]


def test_unknown_and_empty_have_their_own_errors(run: object) -> None:
    assert isinstance(run("--region", "mars-1").exception, UsageError)  # type: ignore[operator]
    empty = run("--region", "us-east-1", "--module", "replication")  # type: ignore[operator]
    assert isinstance(empty.exception, EmptySelection)
    assert empty.stdout == ""
