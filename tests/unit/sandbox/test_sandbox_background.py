"""Work in the background, and metrics in log lines."""

from __future__ import annotations

import json
import threading

from hypothesis import given
from hypothesis import strategies as st

from pytg_sandbox.background import Background
from pytg_sandbox.emf import Metric, metrics


def test_tasks_run_and_a_failing_one_ends_nothing() -> None:
    work = Background(threads=1)
    done = threading.Event()
    work.submit(lambda: 1 // 0)
    work.submit(done.set)
    assert work.describe() == {"waiting": 2, "running": 0}
    work.start()
    assert done.wait(30)


def test_a_later_task_does_not_hold_the_others() -> None:
    work = Background(threads=1)
    done: list[str] = []
    finished = threading.Event()
    work.submit(lambda: (done.append("later"), finished.set())[0], after=0.1)
    work.submit(lambda: done.append("now"))
    work.start()
    assert finished.wait(30)
    assert done == ["now", "later"]


def test_what_has_not_begun_can_be_dropped() -> None:
    work = Background()
    work.submit(lambda: None, after=1000)
    work.clear()
    assert work.describe() == {"waiting": 0, "running": 0}


LINE = {
    "_aws": {
        "Timestamp": 1_700_000_000_500,
        "CloudWatchMetrics": [
            {
                "Namespace": "docs",
                "Dimensions": [["service"], ["service", "region"]],
                "Metrics": [{"Name": "Lag", "Unit": "Milliseconds"}],
            }
        ],
    },
    "service": "heartbeat",
    "region": "us-east-1",
    "Lag": [7, 8],
}


def test_metrics_of_a_line() -> None:
    found = list(metrics(f"plain\n{json.dumps(LINE)}\n{{}}"))
    short = (("service", "heartbeat"),)
    long = (("service", "heartbeat"), ("region", "us-east-1"))
    assert found == [
        Metric("docs", "Lag", value, "Milliseconds", dimensions, 1_700_000_000.5)
        for dimensions in (short, long)
        for value in (7, 8)
    ]


@given(st.text())
def test_other_lines_hold_none(text: str) -> None:
    assert list(metrics(text)) == []
    assert list(metrics(f'{text}"_aws"')) == []
    assert list(metrics(json.dumps({"_aws": {"CloudWatchMetrics": [text]}}))) == []
