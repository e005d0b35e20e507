"""The store of a unit's state, from what the configuration says of its backend."""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import replace
from pathlib import Path

from pytg.aws.session import Sessions
from pytg.generate.aws import STATES
from pytg.model import Account, Backend
from pytg.state.local_store import LocalStore
from pytg.state.s3_store import S3Store
from pytg.state.store import StateStore


class Stores:
    """One store for each backend, made when it is first asked for."""

    def __init__(self, root: Path, sessions: Sessions) -> None:
        self._sessions = sessions
        self._local = LocalStore(root / STATES)
        self._made: dict[Hashable, StateStore] = {}

    @property
    def local(self) -> StateStore:
        """The store in the project, for backends of type `local` and for states that wait."""
        return self._local

    def of(self, backend: Backend, account: Account) -> StateStore:
        """The store of `backend`. Raises Refused where its AWS cannot be reached."""
        if backend.type == "local":
            return self._local
        key = (account, replace(backend, key=""))
        if key not in self._made:
            s3 = self._sessions.client(account, "s3", backend.region)
            dynamodb = self._sessions.client(account, "dynamodb", backend.region)
            self._made[key] = S3Store(backend, account, s3, dynamodb)
        return self._made[key]
