"""All services. Gap filled: moto answers an operation it cannot name with an empty 404."""

from __future__ import annotations

from typing import Any

from moto.core.responses import BaseResponse

from pytg_sandbox.patching import Method, replacing
from pytg_sandbox.services import State


def install(_state: State) -> None:
    """Make an operation without a name an error that is not retried."""

    @replacing(BaseResponse, "call_action")
    def call_action(original: Method, self: Any) -> Any:
        if not self._get_action():
            raise NotImplementedError("the embedded AWS has no such operation")
        return original(self)
