"""`pytg locks` lists who holds what."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from pytg.state.local_store import LocalStore
from pytg.state.state_store import LockInfo
from support.command import run

KMS = "docs/us-east-1/dev/kms"
API = "docs/eu-west-1/prod/api"
ALICE = LockInfo("id-1", "OperationTypeApply", "alice@host", "2026-11-22T18:59:33Z")
MALLORY = LockInfo("id-2", "plan\x1b[31m", "mallory", "2026-11-22T19:00:00Z", info="why")


@pytest.fixture
def locked(estate_root: Path) -> Iterator[str]:
    """The estate, with two units locked by others."""
    store = LocalStore(estate_root / ".pytg/state")
    held = {f"{KMS}/terraform.tfstate": ALICE, f"{API}/terraform.tfstate": MALLORY}
    for key, info in held.items():
        store.lock(key, info)
    yield str(estate_root)
    for key, info in held.items():
        store.unlock(key, info.id)


def test_nothing_is_locked(estate_root: Path, capfd: pytest.CaptureFixture[str]) -> None:
    assert run("-C", str(estate_root), "locks") == 0
    out, err = capfd.readouterr()
    assert (out, err) == ("", "no locks on the states of 18 units\n")
    assert not (estate_root / ".pytg/state").exists()


def test_who_holds_what_since_when(locked: str, capfd: pytest.CaptureFixture[str]) -> None:
    assert run("-C", locked, "locks") == 0
    assert capfd.readouterr().out == (
        "unit                     held by     since                 operation           lock id\n"
        "docs/eu-west-1/prod/api  mallory     2026-11-22T19:00:00Z  plan[31m            id-2\n"
        "docs/us-east-1/dev/kms   alice@host  2026-11-22T18:59:33Z  OperationTypeApply  id-1\n"
    )


def test_of_the_selected_units(locked: str, capfd: pytest.CaptureFixture[str]) -> None:
    assert run("-C", locked, "locks", "--env", "dev", "--json") == 0
    (found,) = json.loads(capfd.readouterr().out)["locks"]
    assert found == {
        "address": KMS,
        "id": "id-1",
        "who": "alice@host",
        "created": "2026-11-22T18:59:33Z",
        "operation": "OperationTypeApply",
        "info": "",
        "version": ALICE.version,
    }


def test_json_without_locks(estate_root: Path, capfd: pytest.CaptureFixture[str]) -> None:
    assert run("-C", str(estate_root), "locks", "--json") == 0
    assert json.loads(capfd.readouterr().out) == {"locks": []}
