"""What refuses is said at once."""

from __future__ import annotations

import pytest

from pytg.errors import Interrupted, PytgError, Refused, StalePlan
from pytg.run.together import Guard, refuse_together


def says(error: PytgError) -> Guard:
    def guard() -> None:
        raise error

    return guard


def passes() -> None:
    """Nothing is wrong."""


def test_nothing_refuses() -> None:
    refuse_together(passes, besides=[says(Refused("never asked"))])


def test_one_refusal_is_raised_as_it_is() -> None:
    error = StalePlan("moved", hint="plan again")
    with pytest.raises(StalePlan) as caught:
        refuse_together(passes, says(error), besides=[passes])
    assert caught.value is error


def test_several_are_one_with_all_messages_and_hints() -> None:
    first = Refused("not committed are\n    a.tf", hint="commit them")
    with pytest.raises(Refused) as caught:
        refuse_together(says(first), passes, besides=[says(Refused("nobody is there"))])
    assert caught.value.message.splitlines() == [
        "2 things must be settled first:",
        "  1. not committed are",
        "         a.tf",
        "     commit them",
        "  2. nobody is there",
    ]


def test_one_that_is_stale_makes_all_stale() -> None:
    with pytest.raises(StalePlan):
        refuse_together(says(Refused("a")), says(StalePlan("b")))


def test_what_is_no_refusal_is_raised_at_once() -> None:
    with pytest.raises(Interrupted):
        refuse_together(says(Refused("a")), says(Interrupted("b")), says(Refused("c")))
