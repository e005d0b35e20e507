"""A call that is sent twice is done once."""

from __future__ import annotations

import io
import threading
from typing import Any

import pytest
from werkzeug.wrappers import Response

from pytg_sandbox import repeats
from pytg_sandbox.repeats import Repeats


def environ(call: str, method: str = "POST") -> dict[str, Any]:
    return {
        "HTTP_AMZ_SDK_INVOCATION_ID": call,
        "REQUEST_METHOD": method,
        "wsgi.input": io.BytesIO(b"{}"),
        "CONTENT_LENGTH": "2",
    }


class Service:
    """Counts what it is asked, and answers `statuses` in turn."""

    def __init__(self, *statuses: int) -> None:
        self.statuses = [*statuses]
        self.asked = 0

    def __call__(self) -> Response:
        self.asked += 1
        return Response(f"answer {self.asked}", self.statuses.pop(0), {"x-id": str(self.asked)})


def test_the_second_attempt_has_the_answer_of_the_first() -> None:
    found, service = Repeats(), Service(200, 400)
    first = found.once(environ("a"), service)
    second = found.once(environ("a"), service)
    assert service.asked == 1
    assert (second.data, second.status, second.headers["x-id"]) == (first.data, "200 OK", "1")


@pytest.mark.parametrize(
    ("second", "statuses"),
    [
        (environ("b"), (200, 200)),  # another call
        (environ("a"), (500, 200)),  # the first one failed: that is why it comes again
        (environ("a"), (400, 200)),  # throttled
    ],
)
def test_what_is_done_anew(second: dict[str, Any], statuses: tuple[int, ...]) -> None:
    found, service = Repeats(), Service(*statuses)
    found.once(environ("a"), service)
    assert found.once(second, service).data == b"answer 2"


@pytest.mark.parametrize("asked", [environ("a", "GET"), environ("")])
def test_reading_and_strangers_are_not_remembered(asked: dict[str, Any]) -> None:
    found, service = Repeats(), Service(200, 200)
    found.once(asked, service)
    assert found.once(asked, service).data == b"answer 2"


def test_a_second_attempt_waits_for_the_first() -> None:
    found, began, go_on = Repeats(), threading.Event(), threading.Event()
    answers: list[bytes] = []

    def slow() -> Response:
        began.set()
        assert go_on.wait(10)
        return Response("slow")

    def ask() -> None:
        answers.append(found.once(environ("a"), slow).data)

    first, second = threading.Thread(target=ask), threading.Thread(target=ask)
    first.start()
    assert began.wait(10)
    began.clear()
    second.start()
    second.join(0.1)
    assert second.is_alive()
    go_on.set()
    first.join()
    second.join()
    assert answers == [b"slow", b"slow"]
    assert not began.is_set()


def test_an_attempt_that_breaks_keeps_nobody() -> None:
    found = Repeats()

    def broken() -> Response:
        raise OSError("gone")

    with pytest.raises(OSError, match="gone"):
        found.once(environ("a"), broken)
    assert found.once(environ("a"), Service(200)).data == b"answer 1"


def test_it_forgets_what_is_old_too_many_or_large(monkeypatch: pytest.MonkeyPatch) -> None:
    now = [0.0]
    found, service = Repeats(lambda: now[0]), Service(*[200] * 9)
    found.once(environ("a"), service)
    now[0] = repeats.KEPT_S + 1
    assert found.once(environ("a"), service).data == b"answer 2"
    monkeypatch.setattr(repeats, "KEPT", 1)
    found.once(environ("b"), service)
    found.once(environ("c"), service)
    assert found.once(environ("a"), service).data == b"answer 5"
    monkeypatch.setattr(repeats, "LARGEST", 3)
    found.once(environ("d"), service)
    assert found.once(environ("d"), service).data == b"answer 7"
