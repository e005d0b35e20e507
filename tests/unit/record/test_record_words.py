"""Words for people, of what programs know by a name."""

from __future__ import annotations

import pytest

from pytg.record.words import because

# `ActionReason` of Terraform's event stream, and `action_reason` of the JSON of a plan
REASONS = (
    "tainted",
    "cannot_update",
    "requested",
    "replace_triggered_by",
    "replace_because_tainted",
    "replace_because_cannot_update",
    "replace_by_request",
    "replace_by_triggers",
    "delete_because_no_resource_config",
    "delete_because_wrong_repetition",
    "delete_because_count_index",
    "delete_because_each_key",
    "delete_because_no_module",
    "delete_because_no_move_target",
)


@pytest.mark.parametrize("reason", REASONS)
def test_a_reason_of_terraform_is_a_sentence(reason: str) -> None:
    said = because(reason)
    assert said not in {reason, reason.replace("_", " ")}
    assert "_" not in said.replace("for_each", "").replace("replace_triggered_by", "")


def test_both_names_of_a_reason_say_the_same() -> None:
    assert because("cannot_update") == because("replace_because_cannot_update")
    assert because("tainted") == because("replace_because_tainted")


def test_a_reason_of_a_later_terraform_has_no_underlines() -> None:
    assert because("delete_because_of_weather") == "delete because of weather"
