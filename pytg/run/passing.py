"""Which failures come and go, and the pause before what failed on one is tried again."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import replace

from pytg.model import Address
from pytg.record.run import Outcome, Status
from pytg.run.blamed import Blamed
from pytg.run.execution import Execution
from pytg.terraform.transient import Transient, pause_s


def transient_of(execution: Execution) -> Transient:
    """What comes and goes in this project; credentials from the environment are never new ones."""
    renewable = "AWS_SESSION_TOKEN" not in os.environ
    return Transient(execution.estate.terraform.retry.patterns, renewable=renewable)


def passing(
    execution: Execution, outcomes: Mapping[Address, Outcome], said: Sequence[Blamed]
) -> dict[Address, Outcome]:
    """`outcomes`, marked where a unit failed on what comes and goes, and on nothing else."""
    transient = transient_of(execution)
    errors = [one for one in said if one.diagnostic.severity == "error"]
    marked = dict(outcomes)
    for unit, outcome in outcomes.items():
        if outcome.status is Status.FAILED:
            texts = [str(one) for one in errors if unit in one.units] or [outcome.reason]
            marked[unit] = replace(outcome, passing=transient.among(texts))
    return marked


def to_try_again(execution: Execution, outcomes: Mapping[Address, Outcome]) -> frozenset[Address]:
    """The units of `outcomes` that are to be tried again."""
    units, most = execution.record.run.units, execution.estate.terraform.retry.attempts
    if not execution.tries_again:
        return frozenset()
    return frozenset(u for u, each in outcomes.items() if each.passing and units[u].attempts < most)


def wait_to_try_again(execution: Execution, what: str, tried: int, why: str) -> bool:
    """Wait for the next attempt at `what`, and say so; whether there is to be one.

    `tried` are the attempts so far, `why` what came and goes; empty: it does not.
    """
    retry = execution.estate.terraform.retry
    if not why or tried >= retry.attempts or execution.cancel.is_set():
        return False
    pause = pause_s(tried, retry.pause)
    execution.note(again_told(what, why, tried + 1, retry.attempts, pause))
    return not execution.cancel.wait(pause)


def again_told(what: str, why: str, attempt: int, most: int, pause: float) -> str:
    """What a person is told of the next attempt, which begins in `pause` seconds."""
    return f"{what}: {why} comes and goes; attempt {attempt} of {most} in {pause:.1f} s"
