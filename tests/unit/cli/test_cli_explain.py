"""`pytg explain` from the command line."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from support.command import run

UNIT = "docs/eu-west-1/dev/replication"
SOURCE = "${docs/us-east-1/dev/bucket.arn}"


def test_text(estate_root: Path, capfd: pytest.CaptureFixture[str]) -> None:
    assert run("-C", str(estate_root), "explain", UNIT, "inputs") == 0
    assert capfd.readouterr().out == (
        f'inputs.from = "{SOURCE}"  (config.yaml:24:13)\n'
        '    written "${bucket.source.arn}"\n'
        'inputs.name = "dev-eu-west-1"  (config.yaml:6:9)\n'
        '    written "${self.environment}-${self.region}"\n'
        'inputs.to = "${docs/eu-west-1/dev/bucket.arn}"  (config.yaml:25:11)\n'
        '    written "${bucket.arn}"\n'
    )


def test_what_was_overridden(estate_root: Path, capfd: pytest.CaptureFixture[str]) -> None:
    assert run("-C", str(estate_root), "explain", UNIT, "enabled") == 0
    assert capfd.readouterr().out == (
        "enabled = true  (live/docs/eu-west-1/region.yaml:1:34)\n"
        "    overrode false  (config.yaml:22:14)\n"
    )


def test_json(estate_root: Path, capfd: pytest.CaptureFixture[str]) -> None:
    assert run("-C", str(estate_root), "explain", UNIT, "from", "--json") == 0
    assert json.loads(capfd.readouterr().out) == {
        "address": UNIT,
        "values": [
            {
                "key": "inputs.from",
                "value": SOURCE,
                "written": "${bucket.source.arn}",
                "file": "config.yaml",
                "line": 24,
                "column": 13,
                "overrode": [],
                "reads": ["docs/us-east-1/dev/bucket"],
            }
        ],
    }


def test_a_suffix(estate_root: Path, capfd: pytest.CaptureFixture[str]) -> None:
    address = "docs/us-east-1/dev-x1/kms"
    assert run("-C", str(estate_root), "explain", address, "name", "--suffix", "x1") == 0
    assert capfd.readouterr().out.startswith('inputs.name = "dev-x1-us-east-1"')


@pytest.mark.parametrize(
    ("arguments", "hint"),
    [((f"{UNIT}s",), UNIT), ((UNIT, "frm"), "did you mean `from`?")],
)
def test_what_is_not_there_is_wrong_usage(
    estate_root: Path,
    capfd: pytest.CaptureFixture[str],
    arguments: tuple[str, ...],
    hint: str,
) -> None:
    assert run("-C", str(estate_root), "explain", *arguments) == 4
    out, err = capfd.readouterr()
    assert out == ""
    assert hint in err


@pytest.mark.parametrize("form", [(), ("--json",)])
def test_a_number_keeps_its_digits(
    estate_root: Path, form: tuple[str, ...], capfd: pytest.CaptureFixture[str]
) -> None:
    third = "0." + "3" * 40
    file = estate_root / "live" / "docs" / "eu-west-1" / "dev" / "env.yaml"
    file.write_text(f"inputs: {{name: {third}}}\n")
    assert run("-C", str(estate_root), "explain", UNIT, "name", *form) == 0
    assert third in capfd.readouterr().out
