"""The question before an apply: nothing else is said while it stands."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from pytg.cli._execute import confirm
from pytg.run.execution import Question


@pytest.mark.parametrize(
    ("answer", "typed", "approved"),
    [
        (b"y\n", "", True),
        (b"\n", "", False),
        (b"lab/prod\n", "lab/prod", True),
        (b"y\n", "lab/prod", False),
    ],
)
def test_the_question_stands_from_its_first_letter_to_the_answer(
    *,
    answer: bytes,
    typed: str,
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
        assert confirm(asking)(Question("Apply this?", typed), threading.Event()) is approved
    how = f"It is protected: type {typed} to go on" if typed else "[y/N]"
    assert seen == ["", f"Apply this? {how}: "]
