"""Who the caller is, and whether that is who the configuration means."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from pytg.aws.identity import check_identity
from pytg.aws.session import Sessions
from pytg.errors import Refused
from pytg.model import Account, AssumeRole


def test_the_right_account(sessions: Sessions, account: Account) -> None:
    check_identity(sessions, [account, account, Account("unnamed", None)])


def test_another_account_is_refused_with_both_ids(sessions: Sessions, account: Account) -> None:
    with pytest.raises(Refused, match=r"210987654321.*123456789012") as raised:
        check_identity(sessions, [replace(account, id="210987654321")])
    assert "live/docs/account.yaml" in raised.value.hint


def test_every_wrong_account_is_named(sessions: Sessions) -> None:
    wrong = [Account("prod", "1" * 12), Account("dev", "2" * 12)]
    with pytest.raises(Refused) as raised:
        check_identity(sessions, wrong)
    first, second = raised.value.message.splitlines()
    assert first.startswith("account dev is 222222222222")
    assert second.startswith("account prod is 111111111111")


def test_a_role_leads_into_its_account(sessions: Sessions) -> None:
    role = AssumeRole("arn:aws:iam::321098765432:role/deploy", "external", "pytg-test")
    check_identity(sessions, [Account("prod", "321098765432", assume_role=role)])


def test_without_credentials(tmp_path: Path) -> None:
    said = "cannot ask who the caller is in account prod: no usable AWS credentials"
    with pytest.raises(Refused, match=f"^{said}") as raised:
        check_identity(Sessions(tmp_path), [Account("prod", "1" * 12)])
    assert "sign in" in raised.value.hint


def test_a_profile_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(Refused, match="nowhere") as raised:
        check_identity(Sessions(tmp_path), [Account("prod", "1" * 12, profile="nowhere")])
    assert "live/prod" in raised.value.hint


def test_a_sandbox_that_is_not_running(tmp_path: Path) -> None:
    with pytest.raises(Refused, match="the embedded AWS is not running") as raised:
        check_identity(Sessions(tmp_path), [Account("sandbox", None, sandbox=True)])
    assert raised.value.hint == "start it: pytg sandbox start"
