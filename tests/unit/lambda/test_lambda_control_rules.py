"""When a fence holds, when a drain is proved, and how a rollback is made."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from lambda_world import SOURCE, TARGET

from docmig import control, switching, versions
from docmig.control import Control, OvertakenError, State
from docmig.switching import Drain, Health, Policy, Procedure


def fenced() -> Control:
    first = control.fence(control.initial(SOURCE), target=TARGET, owner="me")
    return control.confirm(first, owner="me", epoch=2, seen_at=1000.0)


GOOD = Drain(
    queue_depth=0,
    in_flight=0,
    iterator_age_ms=0,
    marker_epoch=2,
    marker_seen_at=1050.0,
    recent_latency_ms=800.0,
    sentinel_arrived=True,
    pending_operations=0,
    failed_operations=0,
    differences=0,
)


def test_a_stream_that_is_read_at_once_is_no_obstacle() -> None:
    """Even a batch that is read at once has an age of some milliseconds."""
    assert switching.obstacles(fenced(), replace(GOOD, iterator_age_ms=80), now=2000.0) == ()
    late = switching.obstacles(fenced(), replace(GOOD, iterator_age_ms=6000), now=2000.0)
    assert late == ("iterator age: 6000 ms",)


def test_a_proved_drain_has_no_obstacles() -> None:
    assert switching.obstacles(fenced(), GOOD, now=1100.0) == ()


@pytest.mark.parametrize(
    "missing", [name for name in GOOD.__slots__ if name != "pending_operations"]
)
def test_every_missing_piece_of_evidence_is_an_obstacle(missing: str) -> None:
    drain = replace(GOOD, **{missing: None})
    assert switching.obstacles(fenced(), drain, now=1100.0)


def test_strict_mode_also_waits_for_documents() -> None:
    drain = replace(GOOD, pending_operations=None)
    assert switching.obstacles(fenced(), drain, now=1100.0) == ()
    assert switching.obstacles(fenced(), drain, now=1100.0, policy=Policy(strict=True))


@given(st.floats(0, 60_000), st.floats(0, 600))
def test_the_wait_after_the_marker_is_ten_times_the_latency(latency: float, after: float) -> None:
    drain = replace(GOOD, recent_latency_ms=latency)
    left = switching.obstacles(fenced(), drain, now=1050.0 + after)
    wait = max(Policy().shortest_wait, latency / 100)
    assert ("marker" in " ".join(left)) == (after < wait)


def test_a_drain_takes_longer_than_the_counts_of_sqs_may_lag() -> None:
    policy = Policy()
    assert policy.clients.patience + policy.shortest_wait > 60


def test_an_unseen_fence_protects_nothing() -> None:
    first = control.fence(control.initial(SOURCE), target=TARGET, owner="me")
    assert "us-east-1 has not seen the fence" in switching.obstacles(first, GOOD, now=1e9)


def test_an_overtaken_owner_is_refused_at_every_step() -> None:
    current = fenced()
    for step in (control.begin_switch, control.activate, control.compensate):
        with pytest.raises(OvertakenError):
            step(current, owner="somebody", epoch=2)
        with pytest.raises(OvertakenError):
            step(current, owner="me", epoch=1)


def test_steps_can_be_repeated() -> None:
    current = fenced()
    assert control.fence(current, target=TARGET, owner="me") == current
    switched = control.begin_switch(current, owner="me", epoch=2)
    assert control.begin_switch(switched, owner="me", epoch=2) == switched
    done = control.activate(switched, owner="me", epoch=2)
    assert control.activate(done, owner="me", epoch=2) == done
    assert done.tenures == {SOURCE: 1, TARGET: 2}
    with pytest.raises(OvertakenError, match="complete"):
        control.compensate(done, owner="me", epoch=2)
    back = control.compensate(switched, owner="me", epoch=2)
    assert control.compensate(back, owner="me", epoch=2) == back
    assert back.active_region == SOURCE
    forced = control.force(done, target=SOURCE, owner="ops")
    assert control.force(forced, target=SOURCE, owner="ops") == forced
    assert forced.tenures[SOURCE] > done.tenures[TARGET]


@given(st.integers(1, 10**6), st.booleans(), st.floats(0, 1e9).map(lambda x: round(x, 3)))
def test_the_stored_form_says_the_same(epoch: int, forced: bool, at: float) -> None:  # noqa: FBT001 - from hypothesis
    one = Control(epoch, State.FENCED, SOURCE, {SOURCE: 1}, TARGET, "me", at, forced)
    assert control.from_dict(one.as_dict()).fenced_at == pytest.approx(at)
    assert control.from_dict(one.as_dict()).as_dict() == one.as_dict()


@pytest.mark.parametrize(
    ("active", "health", "reverse", "procedure", "approval"),
    [
        (SOURCE, Health.HEALTHY, True, Procedure.COMPENSATE, False),
        (TARGET, Health.HEALTHY, True, Procedure.SWITCH_BACK, False),
        (TARGET, Health.DEGRADED, True, Procedure.FENCE_AND_LIST, True),
        (TARGET, Health.LOST, True, Procedure.FORCE, True),
        (TARGET, Health.HEALTHY, False, Procedure.RESTORE, True),
    ],
)
def test_rollback_table(
    active: str,
    health: Health,
    reverse: bool,  # noqa: FBT001  # a column
    procedure: Procedure,
    approval: bool,  # noqa: FBT001  # a column
) -> None:
    plan = switching.rollback(
        control.initial(active), source=SOURCE, target_health=health, reverse_replication=reverse
    )
    assert (plan.procedure, plan.needs_approval) == (procedure, approval)


@given(
    st.lists(st.tuples(st.integers(0, 9), st.text("0123456789ABCDEF", min_size=16, max_size=18)))
)
def test_versions_sort_by_tenure_then_padded_sequencer(writes: list[tuple[int, str]]) -> None:
    by_text = sorted(writes, key=lambda write: versions.version(*write))
    by_parts = sorted(writes, key=lambda write: (write[0], write[1].ljust(32, "0")))
    assert [versions.version(*w) for w in by_text] == [versions.version(*w) for w in by_parts]
    assert all(versions.tenure_of(versions.version(t, s)) == t for t, s in writes)
