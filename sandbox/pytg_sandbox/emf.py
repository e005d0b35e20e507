"""CloudWatch's embedded metric format: metrics in log lines. Pure.

https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch_Embedded_Metric_Format_Specification.html
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple


class Metric(NamedTuple):
    """One value of one metric; `time` in seconds since 1970."""

    namespace: str
    name: str
    value: float
    unit: str
    dimensions: tuple[tuple[str, str], ...]
    time: float


def metrics(log: str) -> Iterator[Metric]:
    """The metrics in the lines of `log`; what is not in the format is passed over."""
    for line in log.splitlines():
        if '"_aws"' not in line:
            continue
        try:
            document = json.loads(line[line.index("{") :])
        except ValueError:
            continue
        try:
            yield from list(_of_document(document))
        except (AttributeError, KeyError, TypeError, ValueError):
            continue


def _of_document(document: Mapping[str, Any]) -> Iterator[Metric]:
    about = document["_aws"]
    time = float(about.get("Timestamp", 0)) / 1000
    for directive in about.get("CloudWatchMetrics") or []:
        for names in directive.get("Dimensions") or [[]]:
            dimensions = tuple((name, str(document[name])) for name in names if name in document)
            for metric in directive.get("Metrics") or []:
                given = document.get(metric["Name"])
                for value in given if isinstance(given, list) else [given]:
                    if isinstance(value, int | float):
                        unit = metric.get("Unit") or "None"
                        space, name = directive["Namespace"], metric["Name"]
                        yield Metric(space, name, float(value), unit, dimensions, time)
