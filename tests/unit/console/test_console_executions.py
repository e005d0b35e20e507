"""Following an execution of a state machine."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import pytest

from docmig_console.executions import Executions
from pytg.errors import UnitFailed

ARN = "arn:aws:states:us-east-1:123456789012:execution:dev-a1-us-east-1-sfn-migration:one"


@dataclass
class StepFunctions:
    """Answers `looks` one after the other: a status, and the states entered so far."""

    looks: list[tuple[str, list[str]]]
    started: list[dict[str, Any]] = field(default_factory=list)
    entered: list[str] = field(default_factory=list)

    def start_execution(self, **given: Any) -> dict[str, Any]:
        self.started.append(given)
        return {"executionArn": ARN}

    def describe_execution(self, executionArn: str) -> dict[str, Any]:  # noqa: N803 - boto3's name
        assert executionArn == ARN
        status, self.entered = self.looks.pop(0) if len(self.looks) > 1 else self.looks[0]
        failed = {"error": "Refused.GateClosed", "cause": "lag"} if status == "FAILED" else {}
        return {"status": status, "startDate": datetime(2026, 1, 2, tzinfo=UTC), **failed}

    def get_paginator(self, name: str) -> StepFunctions:
        assert name == "get_execution_history"
        return self

    def paginate(
        self,
        executionArn: str,  # noqa: N803 - boto3's name
        PaginationConfig: dict[str, int],  # noqa: N803 - boto3's name
    ) -> Iterator[dict[str, Any]]:
        assert PaginationConfig["PageSize"] == 1000
        assert executionArn == ARN
        for state in self.entered:
            entered = {"stateEnteredEventDetails": {"name": state}}
            yield {
                "events": [
                    {"type": "TaskStateEntered", **entered},
                    {"type": "PassStateEntered", **entered},
                    {"type": "TaskSucceeded"},
                ]
            }


@dataclass
class Platform:
    states: StepFunctions

    def machine(self, purpose: str) -> tuple[str, str]:
        return "us-east-1", f"arn:of:{purpose}"

    def client(self, service: str, region: str) -> StepFunctions:
        assert (service, region) == ("stepfunctions", "us-east-1")
        return self.states


def follow(looks: list[tuple[str, list[str]]], seconds: float = 60.0) -> tuple[Any, list[str]]:
    executions = Executions(Platform(StepFunctions(looks)), "migration")  # type: ignore[arg-type]
    told: list[str] = []
    return executions.wait(ARN, told.append, seconds=seconds, interval=0), told


def test_each_state_is_told_once_and_in_order() -> None:
    looks = [("RUNNING", ["a"]), ("RUNNING", ["a", "b"]), ("SUCCEEDED", ["a", "b", "c"])]
    done, told = follow(looks)
    assert done.status == "SUCCEEDED"
    assert told == ["a", "b", "c"]


def test_a_failure_says_what_the_machine_said() -> None:
    with pytest.raises(UnitFailed, match=r"Refused\.GateClosed: lag"):
        follow([("FAILED", [])])


def test_patience_ends_and_the_execution_goes_on() -> None:
    with pytest.raises(UnitFailed, match="RUNNING still") as caught:
        follow([("RUNNING", [])], seconds=-1)
    assert "goes on by itself" in caught.value.hint


def test_the_input_reaches_the_machine() -> None:
    states = StepFunctions([("RUNNING", [])])
    Executions(Platform(states), "cutover").start({"waive": {"x": "why"}})  # type: ignore[arg-type]
    assert states.started == [
        {"stateMachineArn": "arn:of:cutover", "input": '{"waive": {"x": "why"}}'}
    ]
