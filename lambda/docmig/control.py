"""Which region may write: active, fenced, switching, each under an epoch.

    active(A, e)  --fence-->  fenced(A to B, e+1)  --begin_switch-->  switching(A to B, e+1)
         ^                        |                                        |
         +------compensate--------+------------------compensate------------+
                                              active(B, e+1)  <--activate--+

Every transition names its owner (the execution) and the epoch it means: one that was overtaken is
refused. Repeating one that has happened changes nothing.

The item lies in a global table, where a condition sees its own region's replica only. So all
transitions of one switch are written in the region that is to become active: the next switch
starts there only after that replica shows the last one complete.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any


class State(StrEnum):
    """What the control item says about writes of metadata."""

    ACTIVE = "active"
    FENCED = "fenced"
    SWITCHING = "switching"


class OvertakenError(Exception):
    """The control item is not as this transition needs it; nothing was changed."""


@dataclass(frozen=True, slots=True)
class Control:
    """`tenures` holds, for each region, the epoch in which it last became active.

    `fenced_at` (seconds): when the old region was seen to show the fence; 0 before that.
    """

    epoch: int
    state: State
    active_region: str
    tenures: Mapping[str, int]
    target_region: str = ""
    owner: str = ""
    fenced_at: float = 0.0
    forced: bool = False

    def as_dict(self) -> dict[str, Any]:
        """Plain JSON; `fenced_at` in milliseconds, since DynamoDB takes no float."""
        return {
            "epoch": self.epoch,
            "state": str(self.state),
            "active_region": self.active_region,
            "target_region": self.target_region,
            "owner": self.owner,
            "fenced_at_ms": round(self.fenced_at * 1000),
            "forced": self.forced,
            "tenures": dict(self.tenures),
        }


def from_dict(item: Mapping[str, Any]) -> Control:
    """The inverse of `as_dict`; other keys are ignored. Raises KeyError or ValueError."""
    return Control(
        epoch=int(item["epoch"]),
        state=State(item["state"]),
        active_region=str(item["active_region"]),
        tenures={str(region): int(epoch) for region, epoch in item["tenures"].items()},
        target_region=str(item.get("target_region", "")),
        owner=str(item.get("owner", "")),
        fenced_at=float(item.get("fenced_at_ms", 0)) / 1000,
        forced=bool(item.get("forced", False)),
    )


def initial(region: str) -> Control:
    """Before any switch."""
    return Control(epoch=1, state=State.ACTIVE, active_region=region, tenures={region: 1})


def fence(control: Control, *, target: str, owner: str) -> Control:
    """No region writes metadata from here on, once every client has noticed."""
    if control.state is State.FENCED and (control.owner, control.target_region) == (owner, target):
        return control
    if control.state is not State.ACTIVE:
        raise OvertakenError(f"already {control.state} by {control.owner}")
    if control.active_region == target:
        raise OvertakenError(f"{target} is active already")
    return replace(
        control,
        epoch=control.epoch + 1,
        state=State.FENCED,
        target_region=target,
        owner=owner,
        fenced_at=0.0,
        forced=False,
    )


def confirm(control: Control, *, owner: str, epoch: int, seen_at: float) -> Control:
    """The region that was active shows the fence: its clients have that news from now on."""
    _check(control, owner, epoch)
    if control.state is not State.FENCED:
        raise OvertakenError(f"state is {control.state}, not fenced")
    return control if control.fenced_at else replace(control, fenced_at=seen_at)


def begin_switch(control: Control, *, owner: str, epoch: int) -> Control:
    """The drain was proved: routes may move."""
    _check(control, owner, epoch)
    if control.state not in (State.FENCED, State.SWITCHING):
        raise OvertakenError(f"state is {control.state}, not fenced")
    return replace(control, state=State.SWITCHING)


def activate(control: Control, *, owner: str, epoch: int) -> Control:
    """The target region writes from here on."""
    _check(control, owner, epoch)
    if control.state is State.ACTIVE and control.tenures.get(control.active_region) == epoch:
        return control
    if control.state is not State.SWITCHING:
        raise OvertakenError(f"state is {control.state}, not switching")
    target = control.target_region
    return replace(
        control,
        state=State.ACTIVE,
        active_region=target,
        target_region="",
        tenures={**control.tenures, target: epoch},
    )


def compensate(control: Control, *, owner: str, epoch: int) -> Control:
    """Give up before the activation: the old region writes again. Nothing was written elsewhere."""
    _check(control, owner, epoch)
    if control.state is State.ACTIVE:
        if control.tenures.get(control.active_region) == epoch:
            raise OvertakenError(
                "the switch is complete: roll back with one in the other direction"
            )
        return control
    return replace(control, state=State.ACTIVE, target_region="")


def force(control: Control, *, target: str, owner: str) -> Control:
    """Make `target` active without a drain: its peer is lost, and with it what had not arrived."""
    if control.owner == owner and control.active_region == target and control.forced:
        return control
    epoch = control.epoch + 1
    return Control(
        epoch=epoch,
        state=State.ACTIVE,
        active_region=target,
        tenures={**control.tenures, target: epoch},
        owner=owner,
        forced=True,
    )


def _check(control: Control, owner: str, epoch: int) -> None:
    if (control.owner, control.epoch) != (owner, epoch):
        raise OvertakenError(
            f"epoch {control.epoch} of {control.owner or 'nobody'} has replaced "
            f"epoch {epoch} of {owner}"
        )


@dataclass(frozen=True, slots=True)
class Clients:
    """How long a client may go on with what it knows. Seconds."""

    cache: float = 5.0
    longest_request: float = 30.0

    @property
    def patience(self) -> float:
        """After a fence: until then a write that was admitted before it may still be under way."""
        return 2 * self.cache + self.longest_request


@dataclass(frozen=True, slots=True)
class View:
    """The control item as a client read it, and when (seconds)."""

    control: Control
    read_at: float


def admits(view: View, *, region: str, now: float, clients: Clients | None = None) -> bool:
    """Whether a client may begin a write in `region`. A view that is too old admits nothing."""
    clients = clients or Clients()
    fresh = 0.0 <= now - view.read_at <= clients.cache
    writable = view.control.state is State.ACTIVE and view.control.active_region == region
    return fresh and writable
