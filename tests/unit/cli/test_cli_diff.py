"""`pytg diff`: its exit code, its table and its document."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from support.command import run


def test_what_is_the_same_ends_with_0(estate_root: Path, capfd: pytest.CaptureFixture[str]) -> None:
    options = ("--module", "kms", "--module", "api")
    assert run("-C", str(estate_root), "diff", "us-east-1", "eu-west-1", *options) == 0
    out, err = capfd.readouterr()
    assert out == ""
    assert err == "4 units alike; 16 values as the names (--all)\n"


def test_what_differs_is_told_once_with_its_places(
    estate_root: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    file = estate_root / "live/docs/us-east-1/dev/env.yaml"
    file.write_text("modules: {kms: {inputs: {name: mine}}}\n")
    assert run("-C", str(estate_root), "diff", "dev", "prod", "--region", "us-east-1") == 2
    out, err = capfd.readouterr()
    assert out == (
        "docs/us-east-1/dev/api | docs/us-east-1/prod/api\n"
        "docs/us-east-1/dev/bucket | docs/us-east-1/prod/bucket\n"
        "docs/us-east-1/dev/kms | docs/us-east-1/prod/kms\n"
        "docs/us-east-1/dev/table | docs/us-east-1/prod/table\n"
        "  key        in    from                                   value\n"
        "  protected  dev   default                                false\n"
        "             prod  live/docs/us-east-1/prod/env.yaml:1:1  true\n"
        "docs/us-east-1/dev/kms | docs/us-east-1/prod/kms\n"
        "  key          in    from                                   value\n"
        '  inputs.name  dev   live/docs/us-east-1/dev/env.yaml:1:26  "mine"\n'
        '               prod  config.yaml:6:3                        "prod-us-east-1"\n'
    )
    assert err.startswith("4 units with differences, 0 units alike")


def test_the_document_has_everything(estate_root: Path, capfd: pytest.CaptureFixture[str]) -> None:
    one, other = "docs/us-east-1/dev/kms", "docs/us-east-1/prod/kms"
    assert run("-C", str(estate_root), "diff", one, other, "--json") == 2
    document = json.loads(capfd.readouterr().out)
    assert document["same"] is False
    (unit,) = document["units"]
    found = {each["key"]: each for each in unit["differences"]}
    assert found["protected"] == {
        "key": "protected",
        "derived": False,
        "left": {"value": False, "from": "default", "file": None, "line": None, "column": None},
        "right": {
            "value": True,
            "from": "written",
            "file": "live/docs/us-east-1/prod/env.yaml",
            "line": 1,
            "column": 1,
        },
    }
    assert found["inputs.name"]["derived"] is True


def test_what_is_on_one_side_only_differs(
    estate_root: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    options = ("us-east-1", "eu-west-1", "--module", "replication", "--module", "kms")
    assert run("-C", str(estate_root), "diff", *options, "--all") == 2
    out = capfd.readouterr().out
    assert "docs/eu-west-1/dev/replication\n  only in eu-west-1\n" in out
    assert '  config.yaml:6:3  "dev-us-east-1"\n' in out
    assert re.search(
        r"^  environment +us-east-1 |^  region +us-east-1 +computed ", out, re.MULTILINE
    )


def test_of_what_is_not_selected_nothing_is_compared(
    estate_root: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    assert run("-C", str(estate_root), "diff", "dev", "dev", "--env", "prod") == 5
    assert "no unit of dev or dev is in the selection" in capfd.readouterr().err
