"""Publish metrics to the sandbox's CloudWatch."""

from __future__ import annotations

import datetime as dt

from moto.cloudwatch.models import cloudwatch_backends

from pytg_sandbox.emf import Metric


def publish(account: str, region: str, metric: Metric) -> None:
    """Publish one value."""
    datum = {
        "MetricName": metric.name,
        "Value": metric.value,
        "Unit": metric.unit,
        "Dimensions": [{"Name": name, "Value": value} for name, value in metric.dimensions],
        "Timestamp": dt.datetime.fromtimestamp(metric.time, dt.UTC).replace(tzinfo=None),
    }
    cloudwatch_backends[account][region].put_metric_data(metric.namespace, [datum])
