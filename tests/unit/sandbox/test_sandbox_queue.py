"""Order, lag and pauses of the queue between regions."""

from __future__ import annotations

import threading
from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytg_sandbox.replication import DEFAULT_LAG_SECONDS, Channel, ReplicationQueue

EAST = Channel("s3", "east", "west")
WEST = Channel("s3", "west", "east")
TABLES = Channel("dynamodb", "east", "west")


class Clock:
    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


def drain(queue: ReplicationQueue) -> None:
    while callable(apply := queue.take()):
        apply()


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def queue(clock: Clock) -> Iterator[ReplicationQueue]:
    return ReplicationQueue(clock)


def test_a_write_waits_for_the_lag(queue: ReplicationQueue, clock: Clock) -> None:
    done: list[str] = []
    queue.submit(EAST, lambda: done.append("a"))
    drain(queue)
    assert done == []
    clock.now = DEFAULT_LAG_SECONDS
    drain(queue)
    assert done == ["a"]


def test_a_changed_lag_counts_for_what_waits(queue: ReplicationQueue, clock: Clock) -> None:
    done: list[str] = []
    queue.submit(EAST, lambda: done.append("a"))
    queue.lag("s3", 100)
    clock.now = 50
    assert queue.take() == pytest.approx(50)
    queue.lag("s3", 10)
    drain(queue)
    assert done == ["a"]


def test_lag_of_one_service_does_not_hold_another(queue: ReplicationQueue) -> None:
    done: list[str] = []
    queue.lag("*", 0)
    queue.lag("s3", 100)
    queue.submit(EAST, lambda: done.append("s3"))
    queue.submit(TABLES, lambda: done.append("dynamodb"))
    drain(queue)
    assert done == ["dynamodb"]
    queue.lag("*", 0)
    drain(queue)
    assert done == ["dynamodb", "s3"]


def test_a_pause_holds_one_direction_of_one_service(queue: ReplicationQueue) -> None:
    done: list[str] = []
    queue.lag("*", 0)
    queue.pause(EAST)
    for channel in (EAST, WEST, TABLES):
        queue.submit(channel, lambda name=channel: done.append("-".join(name)))
    drain(queue)
    assert sorted(done) == ["dynamodb-east-west", "s3-west-east"]
    assert queue.describe()["waiting"] == [
        {"service": "s3", "source": "east", "target": "west", "writes": 1}
    ]
    queue.resume(Channel("*", "*", "*"))
    drain(queue)
    assert "s3-east-west" in done


def test_resume_takes_away_only_what_it_covers(queue: ReplicationQueue) -> None:
    queue.pause(EAST)
    queue.pause(WEST)
    queue.resume(Channel("s3", "east", "*"))
    assert queue.describe()["paused"] == [WEST._asdict()]


def test_clear_forgets_everything(queue: ReplicationQueue, clock: Clock) -> None:
    queue.lag("s3", 7)
    queue.pause(WEST)
    queue.submit(EAST, pytest.fail)
    queue.clear()
    clock.now = 1000
    assert queue.take() is None
    assert queue.describe() == {
        "default_lag_seconds": DEFAULT_LAG_SECONDS,
        "lag_seconds": {},
        "paused": [],
        "waiting": [],
    }


channels = st.sampled_from([EAST, WEST, TABLES])


@given(st.lists(st.tuples(channels, st.floats(0, 1))))
def test_writes_of_a_channel_keep_their_order(writes: list[tuple[Channel, float]]) -> None:
    clock = Clock()
    queue = ReplicationQueue(clock)
    done: list[tuple[Channel, int]] = []
    for number, (channel, pause) in enumerate(writes):
        clock.now += pause
        queue.submit(channel, lambda entry=(channel, number): done.append(entry))
        drain(queue)
    clock.now += 1
    drain(queue)
    assert len(done) == len(writes)
    for channel in {channel for channel, _ in writes}:
        numbers = [number for found, number in done if found == channel]
        assert numbers == sorted(numbers)


def test_the_thread_goes_on_after_a_write_that_fails() -> None:
    queue = ReplicationQueue()
    queue.lag("*", 0)
    done = threading.Event()
    queue.start()
    queue.submit(EAST, lambda: 1 // 0)
    queue.submit(EAST, done.set)
    assert done.wait(30)
