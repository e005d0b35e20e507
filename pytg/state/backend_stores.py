"""The store of a unit's state, from what the configuration says of its backend."""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import replace
from pathlib import Path

from pytg.aws.identity import check_identity
from pytg.aws.session import Sessions
from pytg.errors import PytgError
from pytg.generate.aws import STATES
from pytg.model import Account
from pytg.state.bootstrap_store import BootstrapStore
from pytg.state.local_store import LocalStore
from pytg.state.s3_store import S3Store
from pytg.state.state_reader import StateLocation
from pytg.state.state_store import StateStore


class BackendStores:
    """One store for each backend, made when it is first asked for."""

    def __init__(self, root: Path, sessions: Sessions) -> None:
        self._sessions = sessions
        self._local = LocalStore(root / STATES)
        self._made: dict[Hashable, StateStore] = {}
        self._bootstrap: dict[Hashable, BootstrapStore] = {}
        self._checked: dict[Account, PytgError | None] = {}

    def check(self, unit: StateLocation) -> None:
        """Raise Refused where the caller is in another account than the unit's state is.

        Each account is asked once.
        """
        if unit.backend.type == "local":
            return
        if unit.account not in self._checked:
            self._checked[unit.account] = self._problem(unit.account)
        problem = self._checked[unit.account]
        if problem is not None:
            raise problem

    def _problem(self, account: Account) -> PytgError | None:
        try:
            check_identity(self._sessions, [account])
        except PytgError as error:
            return error
        return None

    def of(self, unit: StateLocation) -> StateStore:
        """The store of the unit's state. Raises Refused where its AWS cannot be reached.

        That of a unit which makes the backend may wait for it in the project.
        """
        if unit.backend.type == "local":
            return self._local
        place = (unit.account, replace(unit.backend, key=""))
        if place not in self._made:
            s3 = self._sessions.client(unit.account, "s3", unit.backend.region)
            dynamodb = self._sessions.client(unit.account, "dynamodb", unit.backend.region)
            self._made[place] = S3Store(unit.backend, unit.account, s3, dynamodb)
        if not unit.bootstrap:
            return self._made[place]
        which = (unit.address, unit.account, unit.backend)
        return self._bootstrap.setdefault(which, BootstrapStore(self._made[place], self._local))
