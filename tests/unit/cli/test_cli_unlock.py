"""`pytg unlock` needs the lock's own id."""

from __future__ import annotations

import json
import os
import socket
import threading
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from moto import mock_aws
from moto.core import DEFAULT_ACCOUNT_ID

from pytg.aws.session import Sessions
from pytg.compose.shape import shape_of
from pytg.config.load import load_project
from pytg.model import Address
from pytg.processes import ProcessId
from pytg.recovery.composed_directory import COMPOSED
from pytg.recovery.journal import APPLYING, COPY, LOCKING, STATE, Journal, Locked
from pytg.recovery.written import begin
from pytg.state.backend_stores import BackendStores
from pytg.state.lease import Leases
from pytg.state.lock_set import LockSet
from pytg.state.s3_store import S3Store
from pytg.state.state_store import LockInfo, StateStore
from support.command import run
from support.estate_builder import build_estate, two_region_files
from support.memory_store import composed
from support.process import eventually

KMS = "docs/us-east-1/dev/kms"
LOCK = LockInfo("id-1", "OperationTypeApply", "alice@host", "2026-11-22T18:59:33Z")


@pytest.fixture
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """The estate with its states in a bucket, inside an AWS of the test's own."""
    for name in [n for n in os.environ if n.startswith("AWS_")]:
        monkeypatch.delenv(name)
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "testing")
    files = two_region_files()
    files["config.yaml"] += "backend: {type: s3, bucket: states}\n"
    account = "live/docs/account.yaml"
    files[account] = files[account].replace("000000000001", DEFAULT_ACCOUNT_ID)
    with mock_aws():
        yield str(build_estate(tmp_path, files))


@pytest.fixture
def store(root: str) -> StateStore:
    """The store of KMS, which is locked."""
    estate = load_project(Path(root)).estate
    unit = estate.units[Address.parse(KMS)]
    sessions = Sessions(estate.root)
    sessions.client(unit.account, "s3", "us-east-1").create_bucket(Bucket="states")
    store = BackendStores(estate.root, sessions).of(unit)
    store.lock(unit.backend.key, LOCK)
    return store


def test_with_the_right_id(root: str, store: StateStore, capfd: pytest.CaptureFixture[str]) -> None:
    assert run("-C", root, "unlock", KMS, "id-1") == 0
    assert f"{KMS} is unlocked; it was held by alice@host since" in capfd.readouterr().err
    assert store.holder(f"{KMS}/terraform.tfstate") is None
    assert run("-C", root, "unlock", KMS, "id-1") == 0
    assert f"{KMS} is not locked" in capfd.readouterr().err


def test_another_id_is_refused(
    root: str, store: StateStore, capfd: pytest.CaptureFixture[str]
) -> None:
    assert run("-C", root, "unlock", KMS, "id-2") == 6
    assert "is held by alice@host" in capfd.readouterr().err
    assert store.holder(f"{KMS}/terraform.tfstate") is not None


def test_the_holder_is_found_by_locks(
    root: str, store: StateStore, capfd: pytest.CaptureFixture[str]
) -> None:
    assert store
    assert run("-C", root, "locks", "--json") == 0
    (found,) = json.loads(capfd.readouterr().out)["locks"]
    assert (found["address"], found["id"]) == (KMS, "id-1")


def test_an_unknown_address(root: str, capfd: pytest.CaptureFixture[str]) -> None:
    assert run("-C", root, "unlock", "docs/us-east-1/dev/kmss", "id-1") == 4
    assert KMS in capfd.readouterr().err
    assert run("-C", root, "unlock", "kms", "id-1") == 4
    assert "account/region/environment/module" in capfd.readouterr().err


def journal_of(root: str, process: ProcessId) -> Path:
    """What a run leaves that takes the lock and has not begun."""
    unit = load_project(Path(root)).estate.units[Address.parse(KMS)]
    shape = shape_of(load_project(Path(root)).estate, unit)
    workdir = Path(root, COMPOSED, "0")
    workdir.mkdir(parents=True)
    locked = (Locked.of(unit, shape),)
    Journal("run-1", "id-1", (KMS,), locked, process, phase=LOCKING).write(workdir)
    return workdir / "journal.json"


def test_the_lock_of_a_run_that_lives_stays(
    root: str, store: StateStore, capfd: pytest.CaptureFixture[str]
) -> None:
    file = journal_of(root, ProcessId.of(os.getpid()))
    assert run("-C", root, "unlock", KMS, "id-1") == 6
    assert f"run run-1 (pid {os.getpid()}) still works" in capfd.readouterr().err
    assert store.holder(f"{KMS}/terraform.tfstate") is not None
    assert file.exists()


def test_a_run_that_died_is_recovered_with_its_lock(root: str, store: StateStore) -> None:
    file = journal_of(root, ProcessId(os.getpid(), 1.0, socket.gethostname()))
    assert run("-C", root, "unlock", KMS, "id-1") == 0
    assert store.holder(f"{KMS}/terraform.tfstate") is None
    assert not file.exists()


DEV = ("--region", "us-east-1", "--env", "dev")


def lease(root: str) -> Leases:
    estate = load_project(Path(root)).estate
    unit = estate.units[Address.parse(KMS)]
    store = BackendStores(estate.root, Sessions(estate.root)).of(unit)
    assert isinstance(store, S3Store)
    return store.leases


def is_locked(store: StateStore) -> bool:
    return store.holder(f"{KMS}/terraform.tfstate") is not None


def test_of_a_selection_go_the_locks_of_those_that_are_proved_dead(
    root: str,
    store: StateStore,
    capfd: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    assert run("-C", root, "unlock", *DEV) == 6
    assert "nothing says whether it lives" in capfd.readouterr().err
    lease(root).renew("id-1")
    assert run("-C", root, "unlock", *DEV, "--json") == 6
    said = capfd.readouterr()
    assert "s ago that it lives" in said.err
    assert json.loads(said.out)["unlocked"] == []
    assert is_locked(store)
    monkeypatch.setattr("pytg.cli.unlock.EXPIRES_S", 0.0)
    assert run("-C", root, "unlock", *DEV, "--json") == 0
    assert json.loads(capfd.readouterr().out) == {"unlocked": [KMS], "kept": []}
    assert not is_locked(store)
    assert run("-C", root, "unlock", *DEV) == 0


def test_with_its_last_lock_goes_the_lease(root: str, store: StateStore) -> None:
    bucket = "docs/us-east-1/dev/bucket"
    store.lock(f"{bucket}/terraform.tfstate", LOCK)
    lease(root).renew("id-1")
    assert run("-C", root, "unlock", KMS, "id-1") == 0
    assert lease(root).age_s("id-1") is not None
    assert run("-C", root, "unlock", bucket, "id-1") == 0
    assert lease(root).age_s("id-1") is None


def test_with_its_recovery_goes_the_lease_of_a_dead_run(root: str, store: StateStore) -> None:
    journal_of(root, ProcessId(os.getpid(), 1.0, socket.gethostname()))
    lease(root).renew("id-1")
    assert run("-C", root, "recover") == 0
    assert not is_locked(store)
    assert lease(root).age_s("id-1") is None


def test_nothing_is_recovered_in_another_account(
    root: str, store: StateStore, capfd: pytest.CaptureFixture[str]
) -> None:
    """Also by a command that was asked for something else."""
    file = journal_of(root, ProcessId(os.getpid(), 1.0, socket.gethostname()))
    replace(Journal.read(file.parent), phase=APPLYING).write(file.parent)
    (file.parent / STATE).write_bytes(composed(Address.parse(KMS)))
    for journal in (file, file.with_name(COPY)):
        text = journal.read_text()
        journal.write_text(text.replace(f'"{DEFAULT_ACCOUNT_ID}"', '"000000000007"'))
    assert run("-C", root, "recover", "--json") == 6
    said = capfd.readouterr()
    (found,) = json.loads(said.out)["recovered"]
    assert [each["unit"] for each in found["refused"]] == [KMS]
    assert "is 000000000007 in the configuration" in said.err
    assert store.read(f"{KMS}/terraform.tfstate") is None
    assert is_locked(store)
    assert file.exists()


def test_of_a_selection_go_the_locks_with_an_id(root: str, store: StateStore) -> None:
    assert run("-C", root, "unlock", *DEV, "--lock-id", "id-2") == 0
    assert is_locked(store)
    assert run("-C", root, "unlock", *DEV, "--lock-id", "id-1") == 0
    assert not is_locked(store)


@pytest.mark.parametrize("arguments", [(), (KMS,)])
def test_it_wants_to_know_which(root: str, arguments: tuple[str, ...]) -> None:
    assert run("-C", root, "unlock", *arguments) == 4


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ((KMS, "id-1", "--env", "dev"), "not both"),
        ((KMS, "--env", "dev"), "not both"),
        ((KMS, "--lock-id", "id-1"), f"pytg unlock {KMS} id-1"),
        ((KMS, "id-1", "--lock-id", "id-1"), "--lock-id is for a selection"),
    ],
)
def test_one_unit_or_a_selection_and_not_both(
    root: str,
    store: StateStore,
    capfd: pytest.CaptureFixture[str],
    arguments: tuple[str, ...],
    said: str,
) -> None:
    assert run("-C", root, "unlock", *arguments) == 4
    assert said in capfd.readouterr().err
    assert is_locked(store)


def test_an_apply_of_a_host_that_is_gone_is_taken_over(
    root: str,
    store: StateStore,
    capfd: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    file = journal_of(root, ProcessId(1, None, "elsewhere"))
    assert run("-C", root, "take-over", "nowhere") == 6
    assert "no unfinished apply of the host nowhere" in capfd.readouterr().err
    lease(root).renew("id-1")
    assert run("-C", root, "take-over", "elsewhere") == 6
    assert "run run-1 on the host elsewhere said" in capfd.readouterr().err
    assert file.exists()
    monkeypatch.setattr("pytg.recovery.take_over.EXPIRES_S", 0.0)
    assert run("-C", root, "take-over", "elsewhere", "--json") == 0
    assert json.loads(capfd.readouterr().out)["recovered"][0]["run_id"] == "run-1"
    assert not file.exists()
    assert not is_locked(store)


def test_taking_over_says_what_is_refused(
    root: str, store: StateStore, capfd: pytest.CaptureFixture[str]
) -> None:
    file = journal_of(root, ProcessId(1, None, "elsewhere"))
    journal = replace(Journal.read(file.parent), phase=APPLYING, versions={KMS: None})
    journal.write(file.parent)
    (file.parent / STATE).write_bytes(composed(Address.parse(KMS)))
    begin(file.parent)
    store.write(f"{KMS}/terraform.tfstate", composed())  # somebody else, since
    assert run("-C", root, "take-over", "elsewhere", "--json") == 6
    said = capfd.readouterr()
    (found,) = json.loads(said.out)["recovered"]
    assert (found["run_id"], found["written"]) == ("run-1", [])
    assert [each["unit"] for each in found["refused"]] == [KMS]
    assert f"the state of {KMS} moved" in said.err
    assert file.exists()


def test_locks_that_are_held_on_keep_their_lease_and_renew_it_no_more(
    root: str, store: StateStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("pytg.state.lease.RENEWED_EVERY_S", 0.01)
    found, key = lease(root), "docs/us-east-1/dev/bucket/terraform.tfstate"
    with LockSet([(store, key)], LockInfo.new("x", "id-3"), timeout_s=0, on_wait=print) as locks:
        assert eventually(lambda: found.age_s("id-3") is not None)
        locks.abandon()
    assert store.holder(key) is not None
    assert found.age_s("id-3") is not None
    assert not [thread for thread in threading.enumerate() if thread.name == "heartbeat"]


def test_who_holds_locks_says_that_it_lives(
    root: str, store: StateStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("pytg.state.lease.RENEWED_EVERY_S", 0.01)
    found, key = lease(root), "docs/us-east-1/dev/bucket/terraform.tfstate"
    locks = LockSet([(store, key)], LockInfo.new("x", "id-3"), timeout_s=0, on_wait=print)
    assert found.age_s("id-3") is None
    with locks:
        assert eventually(lambda: found.age_s("id-3") is not None)
        found.end("id-3")
        assert eventually(lambda: found.age_s("id-3") is not None)
    assert found.age_s("id-3") is None
