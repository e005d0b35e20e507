"""`pytg output` reads a unit's outputs from its state."""

from __future__ import annotations

import json
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from pytg import exact_json
from pytg.errors import NotApplied
from pytg.generate.unit import unit_directory
from pytg.project import Project
from pytg.recovery.unpushed_state import ERRORED_STATE
from pytg.state.local_store import LocalStore
from support.command import run

KMS = "docs/us-east-1/dev/kms"
OUTPUTS: dict[str, Any] = {
    "name": {"value": "key\x1b[31m", "type": "string"},
    "arns": {"value": ["a", "ü"], "type": ["list", "string"]},
    "secret": {"value": "hunter2", "type": "string", "sensitive": True},
}
RESOURCE = {
    "mode": "managed",
    "type": "terraform_data",
    "name": "this",
    "provider": 'provider["terraform.io/builtin/terraform"]',
    "instances": [],
}


STATE: dict[str, Any] = {
    "version": 4,
    "terraform_version": "1.11.4",
    "serial": 1,
    "lineage": "l",
    "outputs": OUTPUTS,
    "resources": [RESOURCE],
}


def write(root: Path, outputs: dict[str, Any], resources: list[Any] | None = None) -> str:
    held = STATE["resources"] if resources is None else resources
    state = {**STATE, "outputs": outputs, "resources": held}
    store = LocalStore(root / ".pytg/state")
    store.write(f"{KMS}/terraform.tfstate", exact_json.dumps(state).encode())
    return str(root)


@pytest.fixture
def root(estate_root: Path) -> str:
    return write(estate_root, OUTPUTS)


def test_a_line_an_output(root: str, capfd: pytest.CaptureFixture[str]) -> None:
    assert run("-C", root, "output", KMS) == 0
    assert capfd.readouterr().out == (
        'arns   = ["a", "ü"]\nname   = "key\\u001b[31m"\nsecret = (sensitive value)\n'
    )


def test_a_number_keeps_its_digits(estate_root: Path, capfd: pytest.CaptureFixture[str]) -> None:
    third = "33." + "3" * 60
    root = write(estate_root, {"share": {"value": [Decimal(third)], "type": ["list", "number"]}})
    assert run("-C", root, "output", KMS) == 0
    assert capfd.readouterr().out == f"share = [{third}]\n"
    assert run("-C", root, "output", KMS, "share", "--json") == 0
    assert capfd.readouterr().out == f"[\n  {third}\n]\n"


def test_json_is_masked_too(root: str, capfd: pytest.CaptureFixture[str]) -> None:
    assert run("-C", root, "output", KMS, "--json") == 0
    found = json.loads(capfd.readouterr().out)
    assert list(found) == ["arns", "name", "secret"]
    assert found["arns"] == {"sensitive": False, "type": ["list", "string"], "value": ["a", "ü"]}
    assert found["secret"] == {"sensitive": True, "type": "string", "value": "(sensitive value)"}


@pytest.mark.parametrize("form", [(), ("--json",)])
@pytest.mark.parametrize("name", [(), ("secret",)])
def test_revealed(
    root: str,
    form: tuple[str, ...],
    name: tuple[str, ...],
    capfd: pytest.CaptureFixture[str],
) -> None:
    # a script must not take the mask for the value
    assert run("-C", root, "output", KMS, *name, *form) == (6 if name else 0)
    assert "hunter2" not in capfd.readouterr().out
    assert run("-C", root, "output", KMS, *name, *form, "--reveal") == 0
    assert "hunter2" in capfd.readouterr().out


def test_one_value_as_it_is(root: str, capfd: pytest.CaptureFixture[str]) -> None:
    assert run("-C", root, "output", KMS, "secret", "--reveal") == 0
    assert capfd.readouterr().out == "hunter2\n"
    assert run("-C", root, "output", KMS, "secret", "--reveal", "--json") == 0
    assert capfd.readouterr().out == '"hunter2"\n'
    assert run("-C", root, "output", KMS, "arns") == 0
    assert json.loads(capfd.readouterr().out) == ["a", "ü"]


def test_an_unknown_output(root: str, capfd: pytest.CaptureFixture[str]) -> None:
    assert run("-C", root, "output", KMS, "nam") == 4
    assert "its outputs: name" in capfd.readouterr().err


def test_a_unit_that_is_not_applied(estate_root: Path, capfd: pytest.CaptureFixture[str]) -> None:
    assert run("-C", str(estate_root), "output", KMS) == 6
    assert f"pytg apply --select '{KMS}'" in capfd.readouterr().err
    assert run("-C", write(estate_root, {}, []), "output", KMS) == 6


def test_a_unit_without_outputs(estate_root: Path, capfd: pytest.CaptureFixture[str]) -> None:
    root = write(estate_root, {})
    assert run("-C", root, "output", KMS) == 0
    out, err = capfd.readouterr()
    assert (out, err) == ("", f"{KMS} has no outputs\n")
    assert run("-C", root, "output", KMS, "--json") == 0
    assert json.loads(capfd.readouterr().out) == {}
    assert run("-C", root, "output", KMS, "name") == 4


def test_an_unknown_unit(root: str, capfd: pytest.CaptureFixture[str]) -> None:
    assert run("-C", root, "output", "docs/us-east-1/dev/kns") == 4
    assert f"did you mean {KMS}" in capfd.readouterr().err


def test_with_a_suffix(estate_root: Path, capfd: pytest.CaptureFixture[str]) -> None:
    address = "docs/us-east-1/dev-x1/kms"
    assert run("-C", str(estate_root), "output", address, "--suffix", "x1") == 6
    assert address in capfd.readouterr().err


def test_half_a_state(estate_root: Path, capfd: pytest.CaptureFixture[str]) -> None:
    file = estate_root / ".pytg/state" / KMS / "terraform.tfstate"
    file.parent.mkdir(parents=True)
    file.write_text('{"version": 4, "outp')
    assert run("-C", str(estate_root), "output", KMS) == 1
    assert f"{file} is damaged" in capfd.readouterr().err


def test_python_reads_the_same(estate_root: Path) -> None:
    write(estate_root, OUTPUTS)
    assert Project(estate_root).outputs(KMS) == {n: o["value"] for n, o in OUTPUTS.items()}
    write(estate_root, {}, [])
    with pytest.raises(NotApplied):
        Project(estate_root).outputs(KMS)


@pytest.mark.parametrize("command", [("output", KMS), ("tf", KMS, "state", "list")])
def test_what_terraform_could_not_write_is_written_first(
    root: str, command: tuple[str, ...], capfd: pytest.CaptureFixture[str]
) -> None:
    project = Project(Path(root))
    directory = unit_directory(project.estate, project.unit(KMS))
    directory.mkdir(parents=True)
    newer = {**STATE, "serial": 2, "outputs": {"name": {"value": "newer", "type": "string"}}}
    left = directory / ERRORED_STATE
    left.write_text(json.dumps(newer))
    assert run("-C", root, *command) == 0
    assert f"recovered the state of {KMS}" in capfd.readouterr().err
    assert not left.exists()
    assert project.outputs(KMS) == {"name": "newer"}
