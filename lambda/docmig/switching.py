"""When it is safe to let the other region write, and what a rollback may lose."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from enum import StrEnum

from docmig.control import Clients, Control, State


@dataclass(frozen=True, slots=True)
class Policy:
    """Bounds of a drain. `strict` fences documents too; otherwise their keys are immutable.

    `shortest_wait` and the clients' patience together are more than the minute by which SQS's
    counts may lag.
    """

    clients: Clients = field(default_factory=Clients)
    latency_factor: float = 10.0
    shortest_wait: float = 30.0
    iterator_age_ms: float = 5000.0
    strict: bool = False


@dataclass(frozen=True, slots=True)
class Drain:
    """What was seen since the fence. None: not seen. Times in seconds, latency in milliseconds.

    `iterator_age_ms`: of a batch that was read after the fence; the marker is in one, and so is a
    beat a minute. `marker_epoch`, `marker_seen_at`: of the item that was written in the old region
    after all writes had ended, as the new region shows it. `recent_latency_ms`: the largest of
    late.
    """

    queue_depth: int | None = None
    in_flight: int | None = None
    iterator_age_ms: float | None = None
    marker_epoch: int | None = None
    marker_seen_at: float | None = None
    recent_latency_ms: float | None = None
    sentinel_arrived: bool | None = None
    pending_operations: int | None = None
    failed_operations: int | None = None
    differences: int | None = None


def wait_after_marker(recent_latency_ms: float, policy: Policy) -> float:
    """Seconds to wait after the marker was seen.

    AWS: no metric says for certain that a region has been replicated whole; ten times the recent
    maximum of ReplicationLatency would typically be sufficient.
    """
    return max(policy.latency_factor * recent_latency_ms / 1000, policy.shortest_wait)


def quiet_at(control: Control, policy: Policy) -> float:
    """From when on no write from before the fence can still be under way: write the marker then."""
    return control.fenced_at + policy.clients.patience


def obstacles(
    control: Control, drain: Drain, *, now: float, policy: Policy | None = None
) -> tuple[str, ...]:
    """Why the switch is not safe yet; empty: it is."""
    policy = policy or Policy()
    return (
        *_fence(control, now, policy),
        *_queues(drain),
        *_stream(drain, policy),
        *_marker(control, drain, now, policy),
        *_documents(drain, policy),
    )


def _fence(control: Control, now: float, policy: Policy) -> Iterator[str]:
    if control.state not in (State.FENCED, State.SWITCHING):
        yield f"state is {control.state}, not fenced"
    if not control.fenced_at:
        yield f"{control.active_region} has not seen the fence"
        return
    left = quiet_at(control, policy) - now
    if left > 0:
        yield f"writes from before the fence may be under way for {left:.1f} s"


def _queues(drain: Drain) -> Iterator[str]:
    for name, value in (
        ("messages in the queue", drain.queue_depth),
        ("messages in flight", drain.in_flight),
        ("differences since the last verification", drain.differences),
    ):
        yield from _must_be_zero(name, value)


def _stream(drain: Drain, policy: Policy) -> Iterator[str]:
    age = drain.iterator_age_ms
    if age is None:
        yield "no evidence of iterator age"
    elif age > policy.iterator_age_ms:
        yield f"iterator age: {age:g} ms"


def _marker(control: Control, drain: Drain, now: float, policy: Policy) -> Iterator[str]:
    if drain.marker_epoch != control.epoch or drain.marker_seen_at is None:
        yield f"the marker of epoch {control.epoch} has not arrived"
    elif drain.recent_latency_ms is None:
        yield "no evidence of recent replication latency"
    else:
        wait = wait_after_marker(drain.recent_latency_ms, policy)
        left = drain.marker_seen_at + wait - now
        if left > 0:
            yield f"other items may follow the marker for {left:.1f} s"


def _documents(drain: Drain, policy: Policy) -> Iterator[str]:
    if not drain.sentinel_arrived:
        yield "the sentinel object has not arrived"
    yield from _must_be_zero("failed replications", drain.failed_operations)
    if policy.strict:
        yield from _must_be_zero("pending replications", drain.pending_operations)


def _must_be_zero(name: str, value: float | None) -> Iterator[str]:
    if value is None:
        yield f"no evidence of {name}"
    elif value != 0:
        yield f"{name}: {value:g}"


class Health(StrEnum):
    """Of the region that is left."""

    HEALTHY = "healthy"
    DEGRADED = "degraded"
    LOST = "lost"


class Procedure(StrEnum):
    """How to go back."""

    COMPENSATE = "compensate"
    SWITCH_BACK = "switch-back"
    FENCE_AND_LIST = "fence-and-list"
    FORCE = "force"
    RESTORE = "restore"


@dataclass(frozen=True, slots=True)
class Rollback:
    """`loss` in words."""

    procedure: Procedure
    loss: str

    @property
    def needs_approval(self) -> bool:
        """Something may be lost: a person decides."""
        return self.procedure not in (Procedure.COMPENSATE, Procedure.SWITCH_BACK)


_BY_HEALTH = {
    Health.HEALTHY: Rollback(Procedure.SWITCH_BACK, "none: drained before the switch"),
    Health.DEGRADED: Rollback(
        Procedure.FENCE_AND_LIST, "none if the drain ends, otherwise the listed keys"
    ),
    Health.LOST: Rollback(
        Procedure.FORCE, "what had not arrived: seconds of metadata, up to 15 min of documents"
    ),
}


def rollback(
    control: Control, *, source: str, target_health: Health, reverse_replication: bool
) -> Rollback:
    """How to give the traffic back to `source`, from where the switch stands."""
    if control.active_region == source:
        return Rollback(Procedure.COMPENSATE, "none: nothing was written in the target")
    if not reverse_replication:
        return Rollback(
            Procedure.RESTORE, "everything written in the target since the reverse rules went"
        )
    return _BY_HEALTH[target_health]
