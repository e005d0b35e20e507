"""Rules that hold for every state of every state machine."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
import yaml
from definitions import ASL, FUNCTIONS, MACHINES, definition, scopes, states, successors

from docmig import control, readiness
from docmig.readiness import Limits, Names, Queue

ROOT = Path(__file__).parents[3]
EVERY = [(machine, name, state) for machine in MACHINES for name, state in states(machine)]
TASKS = [entry for entry in EVERY if entry[2]["Type"] in ("Task", "Map")]


def _ids(entries: list[tuple[str, str, dict[str, Any]]]) -> list[str]:
    return [f"{machine}.{name}" for machine, name, _ in entries]


@pytest.mark.parametrize("file", sorted(ASL.glob("*.yaml")), ids=lambda path: path.name)
def test_no_text_is_a_truth_value_to_terraform(file: Path) -> None:
    """`N: "1"` is `{false = "1"}` to yamldecode, and a text to the YAML reader of these tests."""
    names = {"y", "n", "yes", "no", "on", "off"}
    plain = [
        f"line {token.start_mark.line + 1}: {token.value}"
        for token in yaml.scan(file.read_text(encoding="utf-8"))
        if isinstance(token, yaml.ScalarToken) and token.plain and token.value.lower() in names
    ]
    assert plain == []


@pytest.mark.parametrize("machine", MACHINES)
def test_every_state_can_be_reached_and_every_next_exists(machine: str) -> None:
    for scope in scopes(definition(machine)):
        reached, waiting = {scope["StartAt"]}, [scope["StartAt"]]
        while waiting:
            for name in successors(scope["States"][waiting.pop()]):
                assert name in scope["States"], name
                if name not in reached:
                    reached.add(name)
                    waiting.append(name)
        assert set(scope["States"]) - reached == set()


@pytest.mark.parametrize("machine", MACHINES)
def test_every_state_can_come_to_an_end(machine: str) -> None:
    for scope in scopes(definition(machine)):
        every: dict[str, Any] = scope["States"]
        ending = {n for n, s in every.items() if s["Type"] in ("Succeed", "Fail") or s.get("End")}
        while more := {n for n, s in every.items() if ending & set(successors(s))} - ending:
            ending |= more
        assert set(every) - ending == set()


@pytest.mark.parametrize(("machine", "name", "state"), TASKS, ids=_ids(TASKS))
def test_every_task_is_bounded_retried_and_caught(
    machine: str, name: str, state: dict[str, Any]
) -> None:
    del machine, name
    if state["Type"] == "Task":
        assert state["TimeoutSeconds"] > 0
    assert state["Catch"][-1]["ErrorEquals"] == ["States.ALL"]
    for retry in state["Retry"]:
        if retry["MaxAttempts"]:
            assert retry["JitterStrategy"] == "FULL"
            assert retry["MaxDelaySeconds"] <= 60
            assert retry["BackoffRate"] > 1


@pytest.mark.parametrize("machine", MACHINES)
def test_functions_are_there_and_get_an_action_or_gate_they_know(machine: str) -> None:
    for name, state in states(machine):
        if "lambda:invoke" not in state.get("Resource", ""):
            continue
        function = state["Parameters"]["FunctionName"]
        assert function in FUNCTIONS
        source = (ROOT / "lambda" / "handlers" / f"{function}.py").read_text(encoding="utf-8")
        action = state["Parameters"].get("Payload", {}).get("action")
        if action:
            assert f'"{action}"' in source, name


def test_checks_of_the_gates_are_known_to_the_gate() -> None:
    """One that nobody knows keeps its gate closed."""
    for machine in MACHINES:
        settings = definition(machine)["States"]["Defaults"]["Result"]
        known = {
            check.name
            for check, _ in readiness.preflight(
                Names(
                    environment="dev-a1",
                    namespace="docmig",
                    source="us-east-1",
                    target="eu-west-1",
                    documents={"us-east-1": "a", "eu-west-1": "b"},
                    stream_consumers={"us-east-1": "a", "eu-west-1": "b"},
                    dead_letter_queues=(Queue("us-east-1", "url"),),
                ),
                Limits(),
            )
        }
        for key, value in settings.items():
            if key.endswith("_checks"):
                assert set(value) <= known, key


def test_pauses_are_the_only_tasks_that_wait_for_a_person() -> None:
    waiting = {name for _, name, state in EVERY if "waitForTaskToken" in state.get("Resource", "")}
    assert waiting == {"AwaitResume", "AwaitWaveResume"}


@pytest.mark.parametrize("machine", ["cutover", "rollback"])
def test_whatever_fails_between_fence_and_activation_is_compensated(machine: str) -> None:
    """Walk from the fence: every catch-all on the way leads to Compensate."""
    every = definition(machine)["States"]
    reached, waiting = set[str](), ["WaitForDrain"]
    while waiting:
        name = waiting.pop()
        if name in reached or name in ("AnnouncePhase", "Compensate"):
            continue
        reached.add(name)
        state = every[name]
        waiting.extend(successors(state))
        if state["Type"] == "Task":
            assert state["Catch"][-1]["Next"] == "Compensate", name
        assert state["Type"] != "Fail", name
    assert {"Drain", "Switch", "Activate"} <= reached


@pytest.mark.parametrize("machine", MACHINES)
def test_an_announcement_that_fails_stops_nothing(machine: str) -> None:
    for name, state in states(machine):
        if "putEvents" in state.get("Resource", ""):
            assert state["Catch"] == [
                {"ErrorEquals": ["States.ALL"], "ResultPath": None, "Next": state["Next"]}
            ], name


@pytest.mark.parametrize("machine", MACHINES)
def test_events_have_the_envelope(machine: str) -> None:
    fields = {
        "schema_version",
        "migration_id",
        "environment",
        "region",
        "phase",
        "correlation_id",
        "occurred_at",
        "idempotency_key",
        "data",
    }
    for name, state in states(machine):
        if "putEvents" in state.get("Resource", ""):
            (entry,) = state["Parameters"]["Entries"]
            assert {key.removesuffix(".$") for key in entry["Detail"]} == fields, name
            assert entry["Source"].startswith("docmigration.")


def test_errors_named_in_the_machines_exist() -> None:
    sources = "\n".join(
        path.read_text(encoding="utf-8") for path in (ROOT / "lambda").rglob("*.py")
    )
    own = {
        error
        for _, _, state in EVERY
        for rule in (*state.get("Retry", ()), *state.get("Catch", ()))
        for error in rule["ErrorEquals"]
        if re.fullmatch(r"[A-Z]\w+Error", error)
    }
    builtin = {"ValueError", "KeyError", "TypeError"}
    for error in own - builtin:
        assert f"class {error}(" in sources, error
    assert control.OvertakenError.__name__ in own
