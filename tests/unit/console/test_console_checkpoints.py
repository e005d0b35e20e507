"""Pausing, resuming and giving up."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import pytest
from botocore.exceptions import ClientError

from docmig_console.checkpoints import Checkpoints

Item = dict[str, dict[str, str]]


def claim(name: str, started: str, **more: dict[str, str]) -> Item:
    return {"sk": {"S": f"claim#{name}"}, "started_at": {"S": started}, **more}


@dataclass
class Aws:
    """One client for both services: a table's items, and what was told to tokens."""

    items: list[Item] = field(default_factory=list)
    pause: str | None = None
    told: list[tuple[str, str]] = field(default_factory=list)
    refusal: str = ""
    name = "dev-a1"
    source = "us-east-1"

    @property
    def tables(self) -> dict[str, str]:
        return {"checkpoints": "table"}

    def client(self, _service: str, region: str) -> Aws:
        assert region == self.source
        return self

    def get_paginator(self, name: str) -> Aws:
        assert name == "query"
        return self

    def paginate(self, **given: Any) -> Iterator[dict[str, Any]]:
        assert given["ConsistentRead"]
        assert given["ExpressionAttributeValues"] == {":pk": {"S": "migration#dev-a1"}}
        for item in self.items:
            yield {"Items": [item]}

    def get_item(self, **given: Any) -> dict[str, Any]:
        assert given["Key"]["sk"] == {"S": "pause"}
        return {"Item": {"state": {"S": self.pause}}} if self.pause else {}

    def update_item(self, **given: Any) -> None:
        self.pause = given["ExpressionAttributeValues"][":state"]["S"]

    def send_task_success(self, **given: str) -> None:
        self._tell("success", given["taskToken"])

    def send_task_failure(self, **given: str) -> None:
        self._tell(given["error"], given["taskToken"])

    def _tell(self, what: str, token: str) -> None:
        if token == "bad":
            raise ClientError({"Error": {"Code": self.refusal}}, "SendTaskSuccess")
        self.told.append((what, token))


def of(aws: Aws) -> Checkpoints:
    return Checkpoints(aws)  # type: ignore[arg-type]


def test_pause_and_resume_can_be_repeated() -> None:
    aws = Aws()
    assert not of(aws).is_paused()
    for _ in range(2):
        of(aws).pause()
        assert of(aws).is_paused()
    for _ in range(2):
        assert of(aws).resume() == 0
        assert not of(aws).is_paused()


def test_resume_tells_every_waiting_step() -> None:
    tokens = [claim("seed#1", "2", task_token={"S": "one"}), claim("seed#2", "3")]
    aws = Aws([*tokens, claim("seed#3", "3", task_token={"S": "three"})], pause="paused")
    assert of(aws).resume() == 2
    assert aws.told == [("success", "one"), ("success", "three")]


@pytest.mark.parametrize("code", ["TaskTimedOut", "TaskDoesNotExist", "InvalidToken"])
def test_a_token_that_was_answered_is_passed_over(code: str) -> None:
    aws = Aws(
        [claim("a", "1", task_token={"S": "bad"}), claim("b", "2", task_token={"S": "good"})],
        refusal=code,
    )
    assert of(aws).resume() == 1


def test_any_other_refusal_is_raised() -> None:
    aws = Aws([claim("a", "1", task_token={"S": "bad"})], refusal="AccessDeniedException")
    with pytest.raises(ClientError, match="AccessDenied"):
        of(aws).resume()


def test_giving_up_leaves_the_pause() -> None:
    aws = Aws([claim("a", "1", task_token={"S": "t"})], pause="paused")
    assert of(aws).abort("freeze") == 1
    assert aws.told == [("MigrationAborted", "t")]
    assert of(aws).is_paused()


def test_steps_are_in_the_order_they_were_begun() -> None:
    aws = Aws(
        [
            claim("seed", "2026-01-02T00:00:02Z", status={"S": "claimed"}, attempt={"N": "2"}),
            claim("assess", "2026-01-02T00:00:01Z", status={"S": "done"}),
            {"sk": {"S": "claim#sync"}, "task_token": {"S": "t"}},
            {"sk": {"S": "run"}},
        ]
    )
    steps = of(aws).steps()
    assert [(s.name, s.status, s.attempts) for s in steps] == [
        ("assess", "done", 0),
        ("seed", "claimed", 2),
        ("sync", "waiting", 0),
    ]
