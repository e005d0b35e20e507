"""Requests in turns, and what follows after them."""

from __future__ import annotations

import threading

import pytest

from pytg_sandbox.services.turns import Turn


def test_effects_run_when_the_outermost_request_is_done() -> None:
    turn = Turn()
    done: list[str] = []
    with turn:
        with turn:
            turn.afterwards(lambda: done.append("effect"))
        done.append("request")
    assert done == ["request", "effect"]


def test_an_effect_outside_a_request_runs_at_once() -> None:
    turn = Turn()
    done: list[str] = []
    turn.afterwards(lambda: done.append("effect"))
    assert done == ["effect"]


def test_effects_run_without_the_lock() -> None:
    turn = Turn()
    other = threading.Event()

    def call_back() -> None:
        def request() -> None:
            with turn:
                other.set()

        threading.Thread(target=request).start()
        assert other.wait(30)

    with turn:
        turn.afterwards(call_back)
    assert other.is_set()


def test_a_failed_transaction_has_no_effects() -> None:
    turn = Turn()
    done: list[str] = []
    with turn:
        turn.afterwards(lambda: done.append("before"))
        with pytest.raises(ZeroDivisionError):
            _write_and_fail(turn, done)
    assert done == ["before"]


def _write_and_fail(turn: Turn, done: list[str]) -> None:
    with turn.all_or_nothing():
        turn.afterwards(lambda: done.append("inside"))
        done.append(str(1 // 0))
