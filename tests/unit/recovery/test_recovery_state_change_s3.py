"""A change of states in a bucket, with Terraform's own locks and digests."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from pytg.aws.session import Sessions
from pytg.compose.state_merge import empty_state
from pytg.errors import PytgError
from pytg.model import Account, Address, Backend
from pytg.recovery.finish_change import finish_changes
from pytg.recovery.state_change import StatePlace, change_states
from pytg.state.backend_stores import BackendStores
from pytg.state.s3_store import S3Store
from pytg.state.state_reader import StateReader
from pytg.state.state_store import version_of
from support.moto_account import (
    account,
    backend,
    make_bucket,
    make_table,
    no_surroundings,
    sessions,
)

__all__ = [
    "account",
    "backend",
    "make_bucket",
    "make_table",
    "no_surroundings",
    "sessions",
]

ONE, TWO = (Address("docs", "eu-west-1", "dev", name) for name in ("one", "two"))


@pytest.fixture
def places(
    account: Account,
    backend: Backend,
    make_bucket: Callable[[], None],
    make_table: Callable[[], None],
) -> list[StatePlace]:
    make_bucket()
    make_table()
    return [
        StatePlace(unit, account, replace(backend, key=f"{unit}/terraform.tfstate"))
        for unit in (ONE, TWO)
    ]


def test_broken_off_it_is_finished_under_its_own_locks(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    sessions: Sessions,
    places: list[StatePlace],
) -> None:
    states = StateReader(BackendStores(tmp_path, sessions).of)
    for place in places:
        body = json.dumps(empty_state(place.address.module)).encode()
        states.store(place).write(place.backend.key, body)
    write, count = S3Store.write, iter(range(9))

    def failing(self: S3Store, key: str, body: bytes) -> str:
        if next(count) == 1:
            raise PytgError("the network is gone")
        return write(self, key, body)

    monkeypatch.setattr(S3Store, "write", failing)
    with pytest.raises(PytgError, match="the network is gone"):
        change_states(
            tmp_path,
            places,
            states,
            lambda held: [(u, {**(held[u].state or {}), "serial": 5}) for u in (TWO, ONE)],
            operation="test",
            say=print,
            timeout_s=0,
        )
    holders = [states.store(p).holder(p.backend.key) for p in places]
    assert len({holder.id for holder in holders if holder}) == 1
    assert all(holders)

    again = StateReader(BackendStores(tmp_path, sessions).of)
    (found,) = finish_changes(tmp_path, again, print, threading.Event())
    assert found.written == (ONE,)
    dynamodb: Any = sessions.client(places[0].account, "dynamodb", "eu-west-1")
    items = {i["LockID"]["S"]: i for i in dynamodb.scan(TableName="locks")["Items"]}
    for place in places:
        body = again.store(place).raw(place.backend.key) or b""
        assert json.loads(body)["serial"] == 5
        assert again.store(place).holder(place.backend.key) is None
        digest = items[f"{place.backend.bucket}/{place.backend.key}-md5"]["Digest"]["S"]
        assert digest == version_of(body)
