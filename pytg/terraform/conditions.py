"""What became of conditions: checks, pre- and postconditions, validations of variables.

Terraform's diagnostics of a condition name no address. Its plans and its states keep the result
of each condition by address, those of a plan that failed too.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final, Literal

HOLDS: Final = "pass"
CHECK: Final = "check"
FAIL: Final = "fail"
ERROR: Final = "error"
UNKNOWN: Final = "unknown"

Status = Literal["pass", "fail", "error", "unknown"]


@dataclass(frozen=True, slots=True)
class Condition:
    """The conditions of one object. `status` is `pass`, `fail`, `error` or `unknown`.

    `kind` is `resource`, `output_value`, `check` or `var`; `address` that of the block,
    without the index of an instance; `messages` those of what failed in any instance.
    """

    kind: str
    address: str
    status: Status
    messages: tuple[str, ...] = ()


def of_plan(document: Mapping[str, Any]) -> tuple[Condition, ...]:
    """The conditions in what `terraform show -json` says of a plan."""
    return tuple(_of_plan(document.get("checks")))


def of_state(state: Mapping[str, Any]) -> tuple[Condition, ...]:
    """The conditions in a state file."""
    return tuple(_of_state(state.get("check_results")))


def _of_plan(checks: Any) -> Iterator[Condition]:
    for check in checks or ():
        where = check["address"]
        problems = (p for one in check.get("instances") or () for p in one.get("problems") or ())
        messages = tuple(str(problem.get("message", "")) for problem in problems)
        yield Condition(where["kind"], where["to_display"], check["status"], messages)


def _of_state(results: Any) -> Iterator[Condition]:
    for result in results or ():
        objects = result.get("objects") or ()
        messages = tuple(str(m) for one in objects for m in one.get("failure_messages") or ())
        yield Condition(result["object_kind"], result["config_addr"], result["status"], messages)
