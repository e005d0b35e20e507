"""A request that an SDK sends again is answered as it was the first time, and done once.

An SDK sends a request again when the answer is lost or late, as on a busy machine. Most
operations bear that; a conditional write does not: Terraform's lock would find itself taken by
itself. The SDKs give the attempts of one call the same `amz-sdk-invocation-id`
(https://docs.aws.amazon.com/sdkref/latest/guide/feature-retry-behavior.html).
"""

from __future__ import annotations

import sys
import threading
import time
from collections import OrderedDict
from collections.abc import Callable
from concurrent.futures import Future
from typing import Any

from werkzeug.wrappers import Request, Response

KEPT_S = 300.0
KEPT = 2_000  # answers
LARGEST = 1 << 16  # bytes; what is larger was read, not written
_FIRST_ERROR = 400
_READING = frozenset({"GET", "HEAD", "OPTIONS"})

Answered = Future[Response | None]


class Repeats:
    """The answers of late, by call. Safe to use from threads."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._mutex = threading.Lock()
        self._calls: OrderedDict[str, tuple[float, Answered]] = OrderedDict()

    def once(self, environ: dict[str, Any], answer: Callable[[], Response]) -> Response:
        """What `answer` gives, or gave to an earlier attempt of the same call.

        A later attempt waits for one that is still at work. After an error it is tried anew:
        that is what the SDK wants then.
        """
        call = environ.get("HTTP_AMZ_SDK_INVOCATION_ID", "")
        if not call or environ["REQUEST_METHOD"] in _READING:
            return answer()
        while True:
            mine: Answered = Future()
            earlier = self._enter(call, mine)
            if earlier is None:
                return self._first(call, mine, answer)
            known = earlier.result()
            if known is not None:
                Request(environ).get_data()  # a connection closed on unread data is reset
                print(f"answered again: {call}", file=sys.stderr, flush=True)  # noqa: T201 - the server's log
                return Response(known.get_data(), known.status, known.headers)

    def _enter(self, call: str, mine: Answered) -> Answered | None:
        """The attempt that came first; None where that is `mine`."""
        now = self._clock()
        with self._mutex:
            while self._calls and (
                len(self._calls) > KEPT or next(iter(self._calls.values()))[0] < now - KEPT_S
            ):
                self._calls.popitem(last=False)
            known = self._calls.get(call)
            if known is None:
                self._calls[call] = now, mine
            return known and known[1]

    def _first(self, call: str, mine: Answered, answer: Callable[[], Response]) -> Response:
        kept: Response | None = None
        try:
            response = answer()
            if response.status_code < _FIRST_ERROR and len(response.get_data()) <= LARGEST:
                kept = response
            return response
        finally:
            if kept is None:
                with self._mutex:
                    self._calls.pop(call, None)
            mine.set_result(kept)
