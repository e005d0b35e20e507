"""The question before an apply: nothing else is said while it stands."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from pytg.cli._execute import _confirm
from pytg.cli._run import Request
from pytg.graph.selection import Selectors
from pytg.run.interrupts import Interrupts


@pytest.mark.parametrize(("answer", "approved"), [(b"y\n", True), (b"\n", False)])
def test_the_question_stands_from_its_first_letter_to_the_answer(
    *,
    answer: bytes,
    approved: bool,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    controller, terminal = os.openpty()
    seen: list[str] = []

    @contextmanager
    def asking() -> Iterator[None]:
        seen.append(capsys.readouterr().err)
        os.write(controller, answer)
        yield
        seen.append(capsys.readouterr().err)

    stop = Interrupts(threading.Event(), threading.Event())
    with os.fdopen(controller, "wb"), os.fdopen(terminal) as stdin:
        monkeypatch.setattr("sys.stdin", stdin)
        ask = _confirm(Request("apply", Selectors(), ()), stop, asking)
        assert ask("Apply this?") is approved
    assert seen == ["", "Apply this? [y/N]: "]
