"""`pytg state`: what the states hold, as people and programs see it."""

from __future__ import annotations

import json
import os
import re
import subprocess
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from pytg import exact_json
from pytg.model import Address
from pytg.record.history import last_left_out
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


STATE = f".pytg/state/{KMS}/terraform.tfstate"


def rows(text: str) -> list[str]:
    """The first column of a table, without its head."""
    return [line.split()[0] for line in text.splitlines()[1:]]


def test_a_backup_is_restored_with_a_serial_beyond_all(
    root: str, capfd: pytest.CaptureFixture[str]
) -> None:
    first = Path(root, STATE).read_bytes()
    assert run("-C", root, "state", "backup", "--env", "dev", "--json") == 0
    out, err = capfd.readouterr()
    (file,) = json.loads(out)["backups"].values()
    assert Path(file).read_bytes() == first
    assert "1 state copied to .pytg/backups; 8 units without one" in err

    write(Path(root), KMS, {**state_of("kms", "other", id="2"), "serial": 5})
    assert run("-C", root, "state", "restore", KMS) == 0
    (name,) = rows(capfd.readouterr().out)
    assert file.endswith(f"{name}.tfstate")

    assert run("-C", root, "state", "restore", KMS, name) == 6  # nobody is there to ask
    assert run("-C", root, "state", "restore", KMS, name, "--dry-run", "--json") == 0
    dry = json.loads(capfd.readouterr().out)
    assert (dry["serial"], dry["new_serial"], dry["dry_run"]) == (1, 6, True)
    assert dry["changes"] == [
        {"change": "-", "address": "terraform_data.other"},
        {"change": "+", "address": "terraform_data.this"},
    ]
    assert exact_json.loads(Path(root, STATE).read_bytes())["serial"] == 5

    assert run("-C", root, "state", "restore", KMS, name, "--yes") == 0
    said = capfd.readouterr().err
    assert "terraform_data.other  (is in no state then)" in said
    (kept,) = re.findall(f"the state of {KMS} as it was is kept in (.*)", said)
    assert exact_json.loads(Path(root, kept).read_bytes())["serial"] == 5
    assert last_left_out(Path(root)) == {
        Address.parse(KMS): ("pytg state restore", ("terraform_data.other",))
    }
    assert exact_json.loads(Path(root, STATE).read_bytes()) == {
        **exact_json.loads(first),
        "serial": 6,
    }
    assert run("-C", root, "state", "restore", KMS) == 0
    newest, oldest = rows(capfd.readouterr().out)
    assert oldest == name
    assert "-5-pytg-state-restore" in newest


def test_a_copy_in_a_directory_is_private_and_comes_back(
    root: str, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "copies"
    assert run("-C", root, "state", "backup", "--out", str(out)) == 0
    file = out / f"{KMS}.tfstate"
    assert file.stat().st_mode & 0o777 == 0o600
    Path(root, STATE).write_bytes(b"")
    assert run("-C", root, "state", "restore", KMS, str(file), "--yes") == 0
    assert exact_json.loads(Path(root, STATE).read_bytes())["serial"] == 2
    assert run("-C", root, "state", "backup", "--out", str(file)) == 4
    capfd.readouterr()


def test_another_lineage_is_refused_unless_it_is_meant(
    root: str, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    other = tmp_path / "other.tfstate"
    other.write_text(exact_json.dumps({**state_of("kms"), "lineage": "x", "serial": 9}))
    assert run("-C", root, "state", "restore", KMS, str(other), "--yes") == 6
    assert "--other-lineage" in capfd.readouterr().err
    assert run("-C", root, "state", "restore", KMS, str(other), "--yes", "--other-lineage") == 0
    found = exact_json.loads(Path(root, STATE).read_bytes())
    assert (found["lineage"], found["serial"]) == ("x", 10)


def test_what_cannot_be_restored_is_said(
    root: str, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    assert run("-C", root, "state", "restore", KMS) == 0
    assert f"nothing is kept of the state of {KMS}" in capfd.readouterr().err
    assert run("-C", root, "state", "restore", KMS, "nothing") == 4
    damaged = tmp_path / "damaged.tfstate"
    damaged.write_bytes(b"\xff")
    assert run("-C", root, "state", "restore", KMS, str(damaged), "--yes") == 6
    assert "is no state of version 4" in capfd.readouterr().err
    assert run("-C", root, "state", "restore", "docs/us-east-1/dev/km") == 4


def test_an_older_state_comes_back_over_a_damaged_one(
    root: str, capfd: pytest.CaptureFixture[str]
) -> None:
    assert run("-C", root, "state", "backup") == 0
    Path(root, STATE).write_bytes(b'{"version": 4, "ser')
    assert run("-C", root, "state", "list") == 1
    assert run("-C", root, "state", "restore", KMS) == 0
    (name,) = rows(capfd.readouterr().out)
    assert run("-C", root, "state", "restore", KMS, name, "--yes") == 0
    assert "is damaged; a copy of it is kept" in capfd.readouterr().err
    assert exact_json.loads(Path(root, STATE).read_bytes())["serial"] == 2
    (damaged, _) = [f.read_bytes() for f in sorted(Path(root, ".pytg/backups").rglob("*.tfstate"))][
        ::-1
    ]
    assert damaged == b'{"version": 4, "ser'


def test_a_state_that_names_no_module_is_an_error_that_says_so(
    root: str, capfd: pytest.CaptureFixture[str]
) -> None:
    state = state_of("kms")
    state["resources"][0]["module"] = "module"
    write(Path(root), KMS, state)
    for command in (("list",), ("show", KMS), ("mv", f"{KMS}:a.b", f"{KMS}:a.c")):
        assert run("-C", root, "state", *command) in {1, 6}
        assert "Traceback" not in capfd.readouterr().err


def test_a_command_of_terraform_s_is_named(root: str, capfd: pytest.CaptureFixture[str]) -> None:
    assert run("-C", root, "state", "rm", "a.b") == 4
    assert "`pytg tf ADDRESS -- state rm`" in capfd.readouterr().err


def test_what_left_the_configuration_can_be_shown_and_restored(
    root: str, capfd: pytest.CaptureFixture[str]
) -> None:
    gone = "docs/us-east-1/old/kms"
    write(Path(root), gone, state_of("kms", "old"))
    assert run("-C", root, "state", "show", gone, "--json") == 0
    assert json.loads(capfd.readouterr().out)["objects"][0]["address"] == "terraform_data.old"
    copy = Path(root, "copy.tfstate")
    copy.write_text(exact_json.dumps(state_of("kms", "older")))
    assert run("-C", root, "state", "restore", gone, str(copy), "--yes") == 0
    assert run("-C", root, "state", "show", f"{gone}:terraform_data.older") == 0
    capfd.readouterr()


def test_a_move_inside_one_unit_is_one_write(root: str, capfd: pytest.CaptureFixture[str]) -> None:
    new = f"{KMS}:terraform_data.that[0]"
    assert run("-C", root, "state", "mv", f"{KMS}:terraform_data.this", new, "--yes") == 0
    assert capfd.readouterr().err.endswith("1 state written\n")
    assert run("-C", root, "state", "list") == 0
    assert capfd.readouterr().out == f"{KMS}  terraform_data.that[0]\n"


MOVES = [
    ((f"{KMS}:terraform_data.this", KMS), "FROM and TO are the same"),
    ((KMS, "docs/us-east-1/dev/table:terraform_data.x"), "a whole unit moves to a whole unit"),
    ((f"{KMS}:terraform_data.x", "docs/us-east-1/dev/table"), "there is no"),
    ((f"{KMS}:x", "docs/us-east-1/dev/table"), "no address of a resource"),
    (("docs/us-east-1/dev/km:a.b", KMS), "no unit docs/us-east-1/dev/km"),
    ((f"{KMS}:a.b", "docs/us-east-1/dev/tabl"), "no unit docs/us-east-1/dev/tabl"),
    ((KMS, "docs/us-east-1/dev/table"), "declares no"),
]


@pytest.mark.parametrize(("given", "said"), MOVES)
def test_a_move_that_cannot_be_meant_changes_nothing(
    root: str, given: tuple[str, str], said: str, capfd: pytest.CaptureFixture[str]
) -> None:
    before = Path(root, STATE).read_bytes()
    file = Path(root, "modules/table/main.tf")
    file.write_text(file.read_text().replace('"this"', '"that"'))
    code = run("-C", root, "state", "mv", *given, "--dry-run")
    assert code == (0 if said == "declares no" else code)
    assert code in (0, 4, 6)
    assert said in capfd.readouterr().err
    assert Path(root, STATE).read_bytes() == before


def test_a_move_is_told_object_by_object(root: str, capfd: pytest.CaptureFixture[str]) -> None:
    table = "docs/us-east-1/dev/table"
    assert run("-C", root, "state", "mv", f"{KMS}:terraform_data.this", table, "--yes") == 0
    out, err = capfd.readouterr()
    assert out == f"{KMS}:terraform_data.this -> {table}:terraform_data.this\n"
    kept, written = err.splitlines()
    assert kept.startswith(f"the state of {KMS} as it was is kept in .pytg/backups/")
    assert written == "2 states written"
    assert run("-C", root, "state", "list") == 0
    assert capfd.readouterr().out == f"{table}  terraform_data.this\n"


TABLE = "docs/us-east-1/dev/table"
MOVE = ("mv", f"{KMS}:terraform_data.this", TABLE)


@pytest.fixture(params=["mv", "restore"])
def writing(root: str, request: pytest.FixtureRequest) -> tuple[str, ...]:
    """A command that would write a state; its environment is protected, in a git tree."""
    if request.param == "mv":
        command = MOVE
    else:
        copy = Path(root).parent / "copy.tfstate"
        copy.write_text(exact_json.dumps(state_of("kms", "older")))
        command = ("restore", KMS, str(copy))
    env = Path(root, "live/docs/us-east-1/dev/env.yaml")
    env.write_text("protected: true\n")
    Path(root, ".gitignore").write_text(".pytg\n")
    who = ("-c", "user.name=a", "-c", "user.email=a@example.com", "-c", "commit.gpgsign=false")
    for words in (("init", "-q"), ("add", "."), (*who, "commit", "-qm", "all")):
        subprocess.run(["git", *words], cwd=root, check=True)
    return ("-C", root, "state", *command)


@pytest.mark.parametrize("answer", [("docs/dev", 0), ("y", 130), ("", 130), (None, 6)])
def test_what_is_protected_is_written_by_its_name_alone(
    root: str,
    writing: tuple[str, ...],
    answer: tuple[str | None, int],
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
) -> None:
    typed, code = answer
    before = Path(root, STATE).read_bytes()
    controller, terminal = os.openpty()
    with os.fdopen(controller, "wb"), os.fdopen(terminal) as stdin:
        if typed is not None:
            monkeypatch.setattr("sys.stdin", stdin)
            os.write(controller, f"{typed}\n".encode())
        assert run(*writing) == code
    assert (Path(root, STATE).read_bytes() == before) is (code != 0)
    said = capfd.readouterr().err
    assert ("It is protected: type docs/dev to go on" in said) is (typed is not None)


def test_what_is_protected_is_written_from_a_clean_tree_alone(
    root: str, writing: tuple[str, ...], capfd: pytest.CaptureFixture[str]
) -> None:
    before = Path(root, STATE).read_bytes()
    Path(root, "modules/kms/new.tf").touch()
    assert run(*writing, "--yes") == 6
    assert "clean git tree" in capfd.readouterr().err
    assert run(*writing, "--yes", "--dry-run") == 0
    assert Path(root, STATE).read_bytes() == before
    assert run(*writing, "--yes", "--allow-dirty") == 0
    assert Path(root, STATE).read_bytes() != before


def test_a_move_warns_before_it_writes(root: str, capfd: pytest.CaptureFixture[str]) -> None:
    before = Path(root, STATE).read_bytes()
    file = Path(root, "modules/table/main.tf")
    file.write_text(file.read_text().replace('"this"', '"that"'))
    assert run("-C", root, "state", *MOVE) == 6  # nobody is there to ask
    said = capfd.readouterr().err
    assert said.index("the next plan would destroy it") < said.index("nobody is there")
    assert Path(root, STATE).read_bytes() == before
