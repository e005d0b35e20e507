"""A bundle in a state bucket: written, read, and ended by the bucket's own rule."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from bundle_words import UNIT

from pytg.aws.kept_object import KeptObject
from pytg.aws.session import Sessions
from pytg.bundle.place import Place, place_of
from pytg.errors import Refused, UsageError
from pytg.model import Account, Backend, Unit
from support.estate_in_memory import unit_at

BUCKET = Backend("s3", "", "states", "eu-west-1", "locks")
URL = "s3://states/plans/pr-7"


def place(text: str, sessions: Sessions, account: Account) -> Place:
    unit: Unit = replace(unit_at(str(UNIT)), backend=BUCKET, account=account)
    return place_of(text, [unit], lambda found, region: sessions.client(found, "s3", region))


@pytest.fixture
def client(sessions: Sessions, account: Account) -> Any:
    made = sessions.client(account, "s3", "eu-west-1")
    made.create_bucket(
        Bucket="states", CreateBucketConfiguration={"LocationConstraint": "eu-west-1"}
    )
    return made


@pytest.mark.usefixtures("client")
def test_what_is_written_is_read_until_it_is_cleared(sessions: Sessions, account: Account) -> None:
    there = place(f"{URL}/", sessions, account)
    assert there.write(b"x").startswith(f"the plan is kept in {URL}/plan.bundle, for good")
    assert place(URL, sessions, account).read() == b"x"
    there.clear()
    with pytest.raises(UsageError, match=f"no bundle at {URL}/plan.bundle"):
        there.read()
    there.clear()


def test_it_says_when_the_bucket_ends_it(client: Any, sessions: Sessions, account: Account) -> None:
    rules = [
        {"ID": "a", "Status": "Enabled", "Filter": {"Prefix": "plans/"}, "Expiration": {"Days": 9}},
        {"ID": "b", "Status": "Disabled", "Filter": {"Prefix": ""}, "Expiration": {"Days": 1}},
        {"ID": "c", "Status": "Enabled", "Filter": {"Prefix": "x/"}, "Expiration": {"Days": 2}},
    ]
    client.put_bucket_lifecycle_configuration(
        Bucket="states", LifecycleConfiguration={"Rules": rules}
    )
    assert "for 9 days" in place(URL, sessions, account).write(b"x")


def test_a_rule_that_may_not_be_read_is_no_reason_to_fail(
    client: Any, sessions: Sessions, account: Account, monkeypatch: pytest.MonkeyPatch
) -> None:
    def denied(_object: KeptObject) -> int:
        raise Refused("cannot read the lifecycle of states: AccessDenied")

    assert client.list_objects_v2(Bucket="states")["KeyCount"] == 0
    monkeypatch.setattr(KeptObject, "days", denied)
    there = place(URL, sessions, account)
    told = there.write(b"x")
    assert told.startswith(f"the plan is kept in {URL}/plan.bundle, for how long is not known")
    assert "cannot read the lifecycle of states" in told
    assert there.read() == b"x"


def test_a_bucket_of_somebody_else_is_no_place(sessions: Sessions, account: Account) -> None:
    for text in ("s3://other/plans", "s3://states", "s3://states/", "s3://"):
        with pytest.raises(UsageError, match="is no place for a bundle"):
            place(text, sessions, account)


def test_a_bucket_that_is_not_there_is_named(sessions: Sessions, account: Account) -> None:
    with pytest.raises(Refused, match=f"cannot remove {URL}"):
        place(URL, sessions, account).clear()


def test_a_file_in_the_way_of_the_directory_is_named(
    tmp_path: Path, sessions: Sessions, account: Account
) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(UsageError, match="cannot write into"):
        place(str(tmp_path / "file"), sessions, account).clear()
