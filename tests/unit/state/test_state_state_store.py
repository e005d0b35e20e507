"""Locks in Terraform's own words."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytg.errors import PytgError
from pytg.state.state_store import LockInfo, StoredState, lock_held

# as Terraform 1.11.4 wrote it
WRITTEN = (
    '{"ID":"641c6509-8369-4c86-e13a-3ed9361b4000","Operation":"OperationTypeApply","Info":"",'
    '"Who":"alice@host","Version":"1.11.4","Created":"2026-11-22T18:59:33.073782287Z",'
    '"Path":"states/a/r/e/m/terraform.tfstate"}'
)


def test_a_lock_of_terraform_is_read_and_written_alike() -> None:
    info = LockInfo.parse(WRITTEN)
    assert info.who == "alice@host"
    assert info.created == "2026-11-22T18:59:33.073782287Z"
    assert json.loads(info.to_json()) == json.loads(WRITTEN)


@given(st.builds(LockInfo, *[st.text()] * 7))
def test_every_lock_comes_back(info: LockInfo) -> None:
    assert LockInfo.parse(info.to_json()) == info


@given(st.one_of(st.binary(), st.sampled_from([b"[]", b"7", b"null", b'"x"', b'{"ID'])))
def test_a_lock_that_cannot_be_read_is_a_lock_all_the_same(text: bytes) -> None:
    assert LockInfo.parse(text).id == "?"


def test_who_has_it_and_how_to_get_rid_of_it() -> None:
    error = lock_held("a/r/e/m/terraform.tfstate", LockInfo.parse(WRITTEN))
    assert str(error) == (
        "the state of a/r/e/m is locked by alice@host since 2026-11-22T18:59:33.073782287Z "
        "(OperationTypeApply, lock id 641c6509-8369-4c86-e13a-3ed9361b4000)"
    )
    assert "pytg unlock a/r/e/m '641c6509-8369-4c86-e13a-3ed9361b4000'" in error.hint


def test_a_damaged_state_is_named() -> None:
    with pytest.raises(PytgError, match=r"the state s3://states/k is damaged"):
        StoredState.of(b'{"version": 4, "ser', "s3://states/k")
