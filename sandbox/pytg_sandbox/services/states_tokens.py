"""Task tokens. Gap filled: an answer that comes before moto listens for heartbeats is not heard."""

from __future__ import annotations

from typing import Any

from moto.stepfunctions.parser.asl.eval.callback.callback import CallbackEndpoint

from pytg_sandbox.patching import Method, replacing


def install() -> None:
    """Patch moto's interpreter."""

    @replacing(CallbackEndpoint, "setup_heartbeat_endpoint")
    def setup(original: Method, self: Any, *args: Any, **kwargs: Any) -> Any:
        made = original(self, *args, **kwargs)
        if self.get_outcome() is not None:
            made.notify()
        return made
