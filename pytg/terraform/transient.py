"""Errors that come and go: what failed on one may be tried again, and on nothing else.

Sources: the error codes that the AWS SDKs retry in their standard mode, and Terragrunt's list
of what it retries (`internal/retry/defaults.go`). Not here: quotas (`LimitExceededException`), a
refused connection and a name that is not known, which stay, and a held state lock, for which
`--lock-timeout` waits.
"""

from __future__ import annotations

import random
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property

LONGEST_S = 60.0
_CODES = [
    "BandwidthLimitExceeded",
    "EC2ThrottledException",
    "PriorRequestNotComplete",
    "RequestLimitExceeded",
    "ProvisionedThroughputExceededException",
    "RequestThrottled",
    "RequestThrottledException",
    "SlowDown",
    "ThrottledException",
    "Throttling",
    "ThrottlingException",
    "TooManyRequestsException",
    "TooManyUpdates",
    "TransactionInProgressException",
    "RequestTimeout",
    "RequestTimeoutException",
    "ServiceUnavailable",
    "ServiceUnavailableException",
    "ConcurrentModificationException",
    "ConcurrentUpdateException",
    "OperationAborted",
    "OptimisticLockException",
    "TransactionConflictException",
]
_WORDS = (
    r"Rate exceeded",
    r"429 Too Many Requests",
    r"StatusCode: (429|500|502|503|504)\b",
    r"connection reset by peer",
    r"broken pipe",
    r"\bunexpected EOF",
    r"http2: client connection lost",
    r"TLS handshake timeout",
    r"i/o timeout",
    r"Client\.Timeout exceeded",
    r"\b(read|write|dial) tcp\b.{0,200}\btimeout",
    r"request to update this alarm is in progress",
    r"ssh_exchange_identification.{0,80}Connection closed by remote host",
    r"The requested URL returned error: (429|5\d\d)",
)
_EXPIRED = (
    r"\bExpiredToken(Exception)?\b",
    r"\bRequestExpired\b",
    r"security token included in the request is expired",
)
_PATTERNS = (rf"\b({'|'.join(_CODES)})\b", *_WORDS)


@dataclass(frozen=True)
class Transient:
    """What comes and goes: `more` are patterns beside pytg's own.

    `renewable`: the credentials are of a kind that is new the next time, as from a profile.
    """

    more: tuple[str, ...] = ()
    renewable: bool = True

    def among(self, errors: Sequence[str]) -> str:
        """What comes and goes in `errors`, in their own words; empty unless all of them do."""
        found = [self._pattern.search(text) for text in errors]
        return next((one[0] for one in found if one), "") if all(found) else ""

    @cached_property
    def _pattern(self) -> re.Pattern[str]:
        expired: Iterable[str] = _EXPIRED if self.renewable else ()
        every = (*_PATTERNS, *expired, *self.more)
        return re.compile("|".join(f"(?:{one})" for one in every), re.DOTALL)


def pause_s(tried: int, first_s: float) -> float:
    """How long to wait after the attempt `tried`, from 1: doubled each time, and never the same."""
    longest = min(LONGEST_S, first_s * 2.0 ** (tried - 1))
    return longest * random.uniform(0.5, 1.0)  # noqa: S311 - no secret
