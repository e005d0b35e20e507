"""pytg's extensions of moto, one module a service.

A service module has `install(state: State) -> None`, which patches moto once, at start. To add a
service: write the module and name it in SERVICES.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable
from dataclasses import dataclass, field

from pytg.sandbox.replication import ReplicationQueue
from pytg.sandbox.services.turns import Turn

SERVICES = (
    "core",
    "iam",
    "s3",
    "s3_configuration",
    "s3_replication",
    "s3control",
    "dynamodb",
    "dynamodb_global",
)


@dataclass(frozen=True)
class State:
    """What the extensions share.

    Requests of S3 and of DynamoDB run one at a time, in turns; take `s3` before `dynamodb` when
    both are needed. `on_reset` holds what empties the extensions' own state; moto's is emptied by
    itself.
    """

    queue: ReplicationQueue
    s3: Turn = field(default_factory=Turn)
    dynamodb: Turn = field(default_factory=Turn)
    on_reset: list[Callable[[], None]] = field(default_factory=list)

    def reset(self) -> None:
        """Forget everything, as after a fresh start."""
        from moto.moto_api._internal.models import moto_api_backend  # noqa: PLC0415 - needs moto

        with self.s3, self.dynamodb:
            self.queue.clear()
            for forget in self.on_reset:
                forget()
            moto_api_backend.reset()


def install(queue: ReplicationQueue) -> State:
    """Patch moto in this process."""
    state = State(queue)
    for name in SERVICES:
        importlib.import_module(f"{__name__}.{name}").install(state)
    return state
