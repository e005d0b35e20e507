"""What comes and goes is told from what stays."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytg.terraform.transient import LONGEST_S, Transient, pause_s

PASSING = {
    "Error: creating SSM Parameter: ThrottlingException: Rate exceeded": "ThrottlingException",
    "https response error StatusCode: 503, RequestID: x": "StatusCode: 503",
    "Put https://x: read tcp 10.0.0.1:1->10.0.0.2:443: read: connection reset by peer": (
        "connection reset by peer"
    ),
    "api error OperationAborted: A conflicting conditional operation": "OperationAborted",
    "net/http: TLS handshake timeout": "TLS handshake timeout",
    "Client.Timeout exceeded while awaiting headers": "Client.Timeout exceeded",
    "api error ExpiredToken: The provided token has expired": "ExpiredToken",
}
STAYING = [
    "AccessDeniedException: not authorized",
    "LimitExceededException: Too many keys",
    "Error acquiring the state lock",
    "dial tcp 127.0.0.1:1: connect: connection refused",
    "dial tcp: lookup sqs.mars-1.amazonaws.com: no such host",
    "StatusCode: 400, ValidationException",
    "BucketAlreadyExists",
    "",
]


@pytest.mark.parametrize("error", PASSING)
def test_what_comes_and_goes_is_named_in_its_own_words(error: str) -> None:
    assert Transient().among([error, f"again: {error}"]) == PASSING[error]


@pytest.mark.parametrize("error", STAYING)
def test_beside_what_stays_nothing_is_tried_again(error: str) -> None:
    assert Transient().among([error]) == ""
    assert Transient().among([next(iter(PASSING)), error]) == ""


def test_nothing_failed_is_nothing_to_try_again() -> None:
    assert Transient().among([]) == ""


def test_a_token_that_nobody_renews_has_expired_for_good() -> None:
    assert Transient(renewable=False).among(["api error ExpiredToken: x"]) == ""


def test_a_project_may_know_more() -> None:
    assert Transient(("moon is (full|new)",)).among(["the moon is full"]) == "moon is full"


@given(tried=st.integers(1, 10), first=st.floats(0, 60))
def test_a_pause_grows_to_a_minute_at_most(tried: int, first: float) -> None:
    longest = min(LONGEST_S, first * 2 ** (tried - 1))
    assert longest / 2 <= pause_s(tried, first) <= longest
