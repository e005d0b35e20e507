"""Which failures are worth another try, and how long to wait before it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, TypeVar

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Reason:
    """Why a record cannot be taken: a stable `code`, the field, and words for a person."""

    code: str
    field: str
    message: str

    def as_dict(self) -> dict[str, str]:
        return {"code": self.code, "field": self.field, "message": self.message}


class PermanentError(Exception):
    """No later attempt can succeed with this record: it goes to the dead letters."""

    def __init__(self, *reasons: Reason) -> None:
        super().__init__("; ".join(f"{r.code}: {r.message}" for r in reasons))
        self.reasons = reasons

    @classmethod
    def of(cls, code: str, message: str, *, field: str = "record") -> PermanentError:
        return cls(Reason(code, field, message))


class TransientError(Exception):
    """Not now; the same record may succeed later. What sent it sends it again."""


class Outlook(StrEnum):
    """What to expect of another attempt."""

    TRANSIENT = "transient"
    PERMANENT = "permanent"
    DUPLICATE = "duplicate"


# Codes after which the same request cannot succeed. Everything else is tried again, an unknown
# code and a missing permission too: a person may repair those, and the queue keeps the record.
_PERMANENT = frozenset(
    {
        "400",
        "404",
        "InvalidArgument",
        "InvalidRequest",
        "ItemCollectionSizeLimitExceededException",
        "MalformedXML",
        "NoSuchKey",
        "NoSuchVersion",
        "SerializationException",
        "ValidationException",
    }
)


def outlook_of(code: str) -> Outlook:
    """What an AWS error code means for the record that met it."""
    if code == "ConditionalCheckFailedException":
        return Outlook.DUPLICATE
    return Outlook.PERMANENT if code in _PERMANENT else Outlook.TRANSIENT


def error_code(response: Mapping[str, Any]) -> str:
    """The code in a botocore `ClientError.response`; empty where there is none."""
    return str(response.get("Error", {}).get("Code", ""))


@dataclass(frozen=True, slots=True)
class RetryPolicy:
    """At most `attempts` tries; pauses of full jitter up to `base * 2**n` and `cap` seconds."""

    attempts: int = 4
    base: float = 0.1
    cap: float = 5.0


def pauses(policy: RetryPolicy, uniform: Callable[[float, float], float]) -> Iterator[float]:
    """Seconds to wait before the 2nd, 3rd, ... attempt."""
    for attempt in range(policy.attempts - 1):
        yield uniform(0.0, min(policy.cap, policy.base * 2.0**attempt))


def call(
    work: Callable[[], T],
    *,
    policy: RetryPolicy,
    uniform: Callable[[float, float], float],
    sleep: Callable[[float], None],
    seconds_left: Callable[[], float],
) -> T:
    """Result of `work`, which is tried again after a TransientError while time is left."""
    for pause in pauses(policy, uniform):
        try:
            return work()
        except TransientError:
            if pause >= seconds_left():
                raise
            sleep(pause)
    return work()
