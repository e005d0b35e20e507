"""The context object of an execution. Gap filled: its start is no text in moto."""

from __future__ import annotations

import datetime as dt
from typing import Any

from moto.stepfunctions.parser.asl.eval.evaluation_details import ExecutionDetails

from pytg_sandbox.patching import Method, replacing


def install() -> None:
    """Patch moto's interpreter."""

    @replacing(ExecutionDetails, "__init__")
    def init(original: Method, self: Any, *args: Any, **kwargs: Any) -> None:
        original(self, *args, **kwargs)
        if isinstance(self.start_time, dt.datetime):
            moment = self.start_time.astimezone(dt.UTC)
            self.start_time = moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")
