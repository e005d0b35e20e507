"""The locks of many states: all or none, and no two sets wait for each other."""

from __future__ import annotations

import threading
from collections.abc import Callable

import pytest

from pytg.errors import Interrupted, LockHeld, Refused
from pytg.state.local_store import LocalStore
from pytg.state.lock_set import LockSet
from pytg.state.state_store import LockInfo

KEYS = [f"a/r/e/m{n:02}/terraform.tfstate" for n in range(20)]
OTHER = LockInfo.new("OperationTypeApply")


def lock_set(
    store: LocalStore,
    keys: list[str],
    on_wait: Callable[[str], None] = print,
    *,
    timeout_s: float = 0,
    cancel: threading.Event | None = None,
) -> LockSet:
    info = LockInfo.new("pytg apply")
    return LockSet(
        [(store, key) for key in keys],
        info,
        timeout_s=timeout_s,
        on_wait=on_wait,
        cancel=cancel,
        poll_s=0.001,
    )


def held(store: LocalStore) -> list[str]:
    return [key for key in KEYS if store.holder(key)]


def test_all_are_taken_and_left(store: LocalStore) -> None:
    with lock_set(store, KEYS):
        assert held(store) == KEYS
        assert {info.id for key in KEYS if (info := store.holder(key))} != {OTHER.id}
    assert held(store) == []


@pytest.mark.parametrize("at", [0, 7, 19])
def test_none_is_kept_when_one_is_held(store: LocalStore, another: LocalStore, at: int) -> None:
    another.lock(KEYS[at], OTHER)
    with pytest.raises(LockHeld, match=f"{OTHER.id}.*waited 0 s"):
        lock_set(store, KEYS).acquire()
    assert held(store) == [KEYS[at]]


def test_it_waits_without_holding_any_and_says_for_whom(
    store: LocalStore, another: LocalStore
) -> None:
    another.lock(KEYS[5], OTHER)
    said: list[str] = []

    def on_wait(text: str) -> None:
        said.append(text)
        assert held(store) == [KEYS[5]]
        another.unlock(KEYS[5], OTHER.id)

    locks = lock_set(store, KEYS, on_wait, timeout_s=60)
    locks.acquire()
    assert held(store) == KEYS
    assert len(said) == 1
    assert OTHER.who in said[0]
    locks.release()
    locks.release()
    assert held(store) == []


def test_it_can_be_cancelled_while_it_waits(store: LocalStore, another: LocalStore) -> None:
    another.lock(KEYS[0], OTHER)
    cancel = threading.Event()
    locks = lock_set(store, KEYS, lambda _: cancel.set(), timeout_s=60, cancel=cancel)
    with pytest.raises(Interrupted):
        locks.acquire()
    assert held(store) == [KEYS[0]]


def test_what_was_taken_is_left_when_a_store_fails(
    store: LocalStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Failing(LocalStore):
        def lock(self, key: str, info: LockInfo) -> None:
            super().lock(key, info)  # taken, and the answer lost
            if key == KEYS[9]:
                raise Refused("no answer")

    monkeypatch.setattr(store, "__class__", Failing)
    with pytest.raises(Refused, match="no answer"):
        lock_set(store, KEYS).acquire()
    assert held(store) == []


def test_a_lock_that_cannot_be_left_is_told_and_does_not_stop_the_others(
    store: LocalStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    said: list[str] = []
    locks = lock_set(store, KEYS, said.append)
    locks.acquire()
    unlock = store.unlock

    def failing(key: str, lock_id: str) -> None:
        if key == KEYS[3]:
            raise Refused("gone")
        unlock(key, lock_id)

    monkeypatch.setattr(store, "unlock", failing)
    locks.release()
    assert said == [f"the lock of {KEYS[3]} could not be released: gone"]
    assert held(store) == [KEYS[3]]


def test_sets_that_overlap_take_turns(store: LocalStore) -> None:
    """Four sets in four threads, each over other keys in another order: all get through."""
    inside: set[str] = set()
    guard = threading.Lock()
    failures: list[BaseException] = []

    def work(keys: list[str]) -> None:
        try:
            for _ in range(5):
                with lock_set(store, keys, lambda _: None, timeout_s=60):
                    with guard:
                        assert not inside & set(keys)
                        inside.update(keys)
                    with guard:
                        inside.difference_update(keys)
        except BaseException as error:  # noqa: BLE001 - a thread's failure is the test's
            failures.append(error)

    overlapping = [KEYS[:12], KEYS[8:], KEYS[::2], list(reversed(KEYS[5:15]))]
    threads = [threading.Thread(target=work, args=(keys,)) for keys in overlapping]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
    assert held(store) == []
