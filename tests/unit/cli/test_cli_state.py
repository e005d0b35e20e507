"""`pytg state`: what the states hold, as people and programs see it."""

from __future__ import annotations

import json
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from pytg import exact_json
from pytg.state.local_store import LocalStore
from support.command import run

KMS = "docs/us-east-1/dev/kms"
THIRD = "3." + "3" * 60
MASK = "(sensitive value)"


def state_of(module: str, name: str = "this", **attributes: Any) -> dict[str, Any]:
    """A state with one `terraform_data`, whose `input` is sensitive."""
    instance = {
        "schema_version": 0,
        "attributes": {"id": "1", **attributes},
        "sensitive_attributes": [[{"type": "get_attr", "value": "input"}]],
        "dependencies": [f"module.{module}.terraform_data.other"],
    }
    resource = {
        "module": f"module.{module}",
        "mode": "managed",
        "type": "terraform_data",
        "name": name,
        "provider": 'provider["terraform.io/builtin/terraform"]',
        "instances": [instance],
    }
    head = {"version": 4, "terraform_version": "1.11.4", "serial": 1, "lineage": "l"}
    return {**head, "outputs": {}, "resources": [resource], "check_results": None}


def write(root: Path, unit: str, state: dict[str, Any]) -> None:
    body = exact_json.dumps(state, indent=2).encode()
    LocalStore(root / ".pytg/state").write(f"{unit}/terraform.tfstate", body)


@pytest.fixture
def root(estate_root: Path) -> str:
    state = state_of("kms", input="hunter2secret", output="hunter2secret", share=Decimal(THIRD))
    write(estate_root, KMS, state)
    return str(estate_root)


def test_a_line_an_object(root: str, capfd: pytest.CaptureFixture[str]) -> None:
    assert run("-C", root, "state", "list", "--env", "dev") == 0
    out, err = capfd.readouterr()
    assert out == f"{KMS}  terraform_data.this\n"
    assert err == "no state: 8 of 9 units\n"


def test_objects_as_json(root: str, capfd: pytest.CaptureFixture[str]) -> None:
    assert run("-C", root, "state", "list", "--json") == 0
    (found,) = json.loads(capfd.readouterr().out)["objects"]
    assert found == {
        "unit": KMS,
        "address": "terraform_data.this",
        "mode": "managed",
        "type": "terraform_data",
        "provider": 'provider["terraform.io/builtin/terraform"]',
        "deposed": "",
    }


@pytest.mark.parametrize("address", ["", ":terraform_data.this", ":module.kms.terraform_data.this"])
def test_attributes_are_shown_with_all_digits_and_masked(
    root: str, address: str, capfd: pytest.CaptureFixture[str]
) -> None:
    assert run("-C", root, "state", "show", f"{KMS}{address}") == 0
    assert capfd.readouterr().out == (
        "terraform_data.this\n"
        '    id     = "1"\n'
        f"    input  = {MASK}\n"
        f"    output = {MASK}\n"
        f"    share  = {THIRD}\n"
    )


def test_what_is_sensitive_is_masked_for_programs_too(
    root: str, capfd: pytest.CaptureFixture[str]
) -> None:
    for reveal in ((), ("--reveal",)):
        assert run("-C", root, "state", "show", KMS, "--json", *reveal) == 0
        out = capfd.readouterr().out
        (found,) = exact_json.loads(out)["objects"]
        assert ("hunter2secret" in out) is bool(reveal)
        assert found["attributes"]["share"] == Decimal(THIRD)
        assert found["dependencies"] == ["module.kms.terraform_data.other"]


@pytest.mark.parametrize(
    ("target", "said"),
    [
        (f"{KMS}:terraform_data.thi", "did you mean `terraform_data.this`?"),
        (f"{KMS}:x", "`pytg state list`"),
        ("docs/us-east-1/dev/bucket", "holds nothing"),
        ("docs/us-east-1/dev/km", f"did you mean {KMS}"),
    ],
)
def test_what_is_not_there_is_said(
    root: str, target: str, said: str, capfd: pytest.CaptureFixture[str]
) -> None:
    assert run("-C", root, "state", "show", target) == 4
    assert said in capfd.readouterr().err
