"""What a state marks as sensitive, and how it is kept out of what is said."""

from __future__ import annotations

import json

from pytg.terraform.secrets import HIDDEN, Hide, masked, secrets_in, secrets_of, secrets_of_plan


def test_what_a_state_marks_is_hidden_wherever_it_stands() -> None:
    step = {"type": "get_attr", "value": "input"}
    state = {
        "outputs": {
            "open": {"value": "everybody", "type": "string"},
            "shut": {"value": {"a": ["of-an-output"]}, "sensitive": True},
        },
        "resources": [
            {
                "instances": [
                    {
                        "attributes": {
                            "input": {"value": {"k": 'line\n"two"'}, "type": "dynamic"},
                            "list": ["first-one", "second-one"],
                        },
                        "sensitive_attributes": [
                            [step, {"type": "get_attr", "value": "k"}],
                            [
                                {"type": "get_attr", "value": "list"},
                                {"type": "index", "value": {"value": 1, "type": "number"}},
                            ],
                            [{"type": "get_attr", "value": "gone"}],
                        ],
                    }
                ]
            }
        ],
    }
    found = set(secrets_of(state))
    assert found == {"of-an-output", 'line\n"two"', "second-one"}
    hide = Hide(found)
    assert hide.inside({"a": ["x of-an-output", 1]}) == {"a": [f"x {HIDDEN}", 1]}
    written = json.dumps({"detail": 'it is line\n"two"', "n": 2}).encode()
    assert json.loads(hide.in_json(written)) == {"detail": f"it is {HIDDEN}", "n": 2}
    assert hide.text("first-one everybody") == "first-one everybody"


def test_the_type_beside_a_value_of_any_type_is_no_secret() -> None:
    whole = {
        "value": {"a": "hunter2", "type": "hidden-2"},
        "type": ["object", {"a": "string", "type": "string"}],
    }
    instance = {"attributes": {"outputs": whole}, "sensitive_attributes": [[_step("outputs")]]}
    state = {"resources": [{"instances": [instance]}]}
    assert set(secrets_of(state)) == {"hunter2", "hidden-2"}


def _step(name: str) -> dict[str, str]:
    return {"type": "get_attr", "value": name}


def test_what_a_plan_marks_is_found_in_all_of_its_parts() -> None:
    changed = {"before": ["before"], "before_sensitive": [True], "after": {"a": "after-it"}}
    held = {"values": {"a": "held-in", "b": "nobody's"}, "sensitive_values": {"a": True}}
    variables = {"password": {"sensitive": True, "default": "by-default"}, "name": {}}
    given = {"password": {"constant_value": "given-to"}, "name": {"constant_value": "not-this"}}
    call = {"expressions": given, "module": {"variables": variables}}
    plan = {
        "resource_changes": [{"change": {**changed, "after_sensitive": {"a": True}}}],
        "prior_state": {"values": {"root_module": {"child_modules": [{"resources": [held]}]}}},
        "planned_values": {"outputs": {"x": {"sensitive": True, "value": {"k": "output"}}}},
        "configuration": {"root_module": {"module_calls": {"a": call}}},
    }
    expected = {"before", "after-it", "held-in", "output", "by-default", "given-to"}
    assert set(secrets_of_plan(plan)) == expected


def test_a_secret_is_hidden_however_a_program_prints_it() -> None:
    pem = "-----BEGIN KEY-----\nAAAAsecretline1\nBBBBsecretline2\n-----END KEY-----\n"
    hide = Hide([pem, "two  words", "987654321987"])
    for said in (
        pem,
        " ".join(pem.split()),  # as a shell joins its lines
        "a line: AAAAsecretline1, and BBBBsecretline2",
        pem.replace("\n", "\r\n"),
        "two words",
        "it is 987654321987.",
        "=987654321987\n",
    ):
        words = hide.text(said)
        written = hide.in_json(json.dumps({"detail": said, "n": 987654321987}).encode())
        for told in (words, json.loads(written)["detail"]):
            assert HIDDEN in told
            for part in ("AAAA", "BBBB", "words", "987654"):
                assert part not in told
    assert json.loads(written)["n"] == 987654321987  # whoever reads the log wants JSON


def test_a_number_is_no_part_of_a_longer_one() -> None:
    hide = Hide(["123456"])
    assert hide.text("1123456 1234567 123456.7 0.123456") == "1123456 1234567 123456.7 0.123456"
    assert hide.text("port:123456,") == f"port:{HIDDEN},"


def test_a_number_that_is_marked_is_masked_where_it_stands_without_a_mark() -> None:
    found = set(secrets_in({"a": 987654321987, "b": 12, "c": True}, {"a": True, "b": True}))
    assert found == {"987654321987"}
    value = {"again": 987654321987, "text": "of 987654321987", "longer": 9876543219870}
    mask = {"again": True, "text": True, "longer": False}
    assert masked(value, {}, found) == mask


def test_bytes_that_are_no_text_stay_as_they_are() -> None:
    assert Hide(["hunter22"]).in_json(b'\xff"hunter22"') == b'\xff"' + HIDDEN.encode() + b'"'
