"""The question before an apply: nothing else is said while it stands."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from pytg.cli._execute import _confirm


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

    with os.fdopen(controller, "wb"), os.fdopen(terminal) as stdin:
        monkeypatch.setattr("sys.stdin", stdin)
        assert _confirm(asking)("Apply this?", threading.Event()) is approved
    assert seen == ["", "Apply this? [y/N]: "]
