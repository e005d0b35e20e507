"""The shape of a version 4 state, as far as pytg reads it: a damaged one is known at once.

The source of the fields: Terraform's `internal/states/statefile/version4.go`.
"""

from __future__ import annotations

from typing import Any, Literal, NotRequired

from pydantic import TypeAdapter, ValidationError
from typing_extensions import TypedDict

from pytg import exact_json

State = dict[str, Any]
STATE_VERSION = 4


def resource_count(state: State) -> int:
    """How many resources it holds, instance by instance, deposed ones too; no data."""
    return sum(len(r["instances"]) for r in state["resources"] if r["mode"] == "managed")


class _Instance(TypedDict):
    index_key: NotRequired[str | int | None]
    dependencies: NotRequired[list[str] | None]


class _Resource(TypedDict):
    module: NotRequired[str]
    mode: str
    type: str
    name: str
    provider: str
    instances: list[_Instance]


class _Output(TypedDict):
    value: Any
    type: Any


class _Checked(TypedDict):
    object_addr: str


class _Check(TypedDict):
    object_kind: str
    config_addr: str
    objects: NotRequired[list[_Checked] | None]


class _Document(TypedDict):
    version: Literal[4]
    terraform_version: str
    serial: int
    lineage: str
    outputs: dict[str, _Output]
    resources: list[_Resource]
    check_results: NotRequired[list[_Check] | None]


_STATE = TypeAdapter(_Document)


def state_text(state: State) -> bytes:
    """`state` as it is written into a store: what it becomes is known by its hash."""
    return exact_json.dumps(state, indent=2).encode() + b"\n"


def parse_state(body: bytes) -> State:
    """The state in `body`, with every digit of its numbers. Raises ValueError where it is none."""
    state: State = exact_json.loads(body)
    try:
        _STATE.validate_python(state, strict=True)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        raise ValueError(f"{'.'.join(map(str, first['loc']))}: {first['msg']}") from error
    return state
