"""Terraform processes: followed, interrupted, killed, and left alone by a pytg that dies."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import textwrap
import threading
import time
from collections.abc import Callable
from pathlib import Path

import psutil
import pytest

from pytg.errors import UnitFailed
from pytg.terraform.command import Command
from pytg.terraform.environment import environment
from pytg.terraform.event_stream import Event
from pytg.terraform.process import Process, run, start
from pytg.terraform.spawn import attach, capture
from support.fake_terraform import FakeTerraform

PLAN = Command("plan", {"json": True, "out": "plan.tfplan", "detailed_exitcode": True})
REAL = shutil.which("terraform")


@pytest.fixture
def fake(tmp_path: Path) -> FakeTerraform:
    return FakeTerraform.install(tmp_path / "bin")


@pytest.fixture
def workdir(tmp_path: Path) -> Path:
    (tmp_path / "work").mkdir()
    return tmp_path / "work"


@pytest.fixture
def launch(fake: FakeTerraform, workdir: Path, tmp_path: Path) -> Callable[..., Process]:
    def launch(command: Command = PLAN) -> Process:
        out, err = tmp_path / "out.jsonl", tmp_path / "err"
        return start(fake.path, workdir, command, dict(os.environ), out, err)

    return launch


def appears(path: Path) -> None:
    """Wait for `path`, up to pytest's own timeout."""
    while not path.exists():
        time.sleep(0.005)


def test_events_come_in_order_and_the_files_keep_them(
    fake: FakeTerraform, launch: Callable[..., Process], tmp_path: Path
) -> None:
    fake.rule(resources=["module.a.x.y", "module.b.x.y"], text=["not json"])
    process = launch()
    events = list(process.events())
    completed = process.wait()
    assert [e.type for e in events] == ["text", *["planned_change"] * 2, "change_summary"]
    assert [e.address for e in events[1:3]] == ["module.a.x.y", "module.b.x.y"]
    assert (completed.exit_code, completed.ok, completed.changes) == (2, True, True)
    assert len((tmp_path / "out.jsonl").read_text().splitlines()) == len(events)
    assert (tmp_path / "out.jsonl").stat().st_mode & 0o777 == 0o600


def test_events_are_there_while_it_runs(
    fake: FakeTerraform, launch: Callable[..., Process], tmp_path: Path
) -> None:
    fake.rule(resources=["x.y"], wait_for=tmp_path / "go")
    process = launch()
    first = next(process.events())
    assert (first.address, process.pause(0)) == ("x.y", False)
    (tmp_path / "go").touch()
    assert process.wait().ok


def test_without_detailed_exitcode_two_is_a_failure(
    fake: FakeTerraform, launch: Callable[..., Process]
) -> None:
    fake.rule(exit=2)
    completed = launch(Command("apply", {"json": True})).wait()
    assert (completed.ok, completed.changes) == (False, False)


def test_a_failure_speaks_with_terraforms_words(
    fake: FakeTerraform, launch: Callable[..., Process]
) -> None:
    error = {"severity": "error", "summary": "No such bucket", "address": "x.y"}
    warning = {"severity": "warning", "summary": "Deprecated"}
    events = [{"type": "diagnostic", "diagnostic": d} for d in (warning, error)]
    fake.rule(events=events, exit=1)
    completed = launch().wait()
    assert [d.severity for d in completed.diagnostics] == ["warning", "error"]
    assert completed.explain() == "x.y: No such bucket"
    assert not completed.crashed


def test_without_diagnostics_standard_error_speaks(
    fake: FakeTerraform, launch: Callable[..., Process]
) -> None:
    fake.rule(stderr="flag provided but not defined\n", exit=1)
    assert launch().wait().explain() == "flag provided but not defined"


def test_a_crash_is_not_an_ordinary_failure(
    fake: FakeTerraform, launch: Callable[..., Process]
) -> None:
    fake.rule(kill=True)
    completed = launch().wait()
    assert (completed.exit_code, completed.crashed, completed.killed) == (-9, True, False)
    assert "SIGKILL from something else" in completed.explain()


def test_one_interrupt_however_often_asked(
    fake: FakeTerraform, launch: Callable[..., Process], tmp_path: Path
) -> None:
    fake.rule(touch=tmp_path / "up", wait_for=tmp_path / "never")
    process = launch()
    appears(tmp_path / "up")
    process.interrupt()
    process.interrupt()
    completed = process.wait()
    assert (completed.exit_code, completed.interrupted, completed.crashed) == (1, True, False)
    process.interrupt()
    process.kill()


def test_kill_ends_what_ignores_an_interrupt(
    fake: FakeTerraform, launch: Callable[..., Process], tmp_path: Path
) -> None:
    fake.rule(touch=tmp_path / "up", wait_for=tmp_path / "never", on_sigint="ignore")
    process = launch()
    appears(tmp_path / "up")
    process.interrupt()
    process.kill()
    completed = process.wait()
    assert (completed.exit_code, completed.killed) == (-signal.SIGKILL, True)
    assert "SIGKILL from pytg" in completed.explain()


def test_cancel_and_kill_reach_a_running_command(
    fake: FakeTerraform, workdir: Path, tmp_path: Path
) -> None:
    fake.rule(command="plan", resources=["x.y"], wait_for=tmp_path / "never")
    fake.rule(command="apply", on_sigint="ignore", resources=["x.y"], wait_for=tmp_path / "never")
    for command, code in (("plan", 1), ("apply", -9)):
        cancel, kill = threading.Event(), threading.Event()

        def on_event(_: Event, cancel: threading.Event = cancel) -> None:
            cancel.set()

        def kill_after_interrupt(process: Process, kill: threading.Event) -> None:
            while not process._interrupted:
                process.pause(0.01)
            kill.set()

        def on_start(process: Process, kill: threading.Event = kill) -> None:
            threading.Thread(target=kill_after_interrupt, args=(process, kill)).start()

        completed = run(
            fake.path,
            workdir,
            Command(command, {"json": True}),
            dict(os.environ),
            tmp_path / "out",
            tmp_path / "err",
            on_event=on_event,
            on_start=on_start if command == "apply" else None,
            cancel=cancel,
            kill=kill,
        )
        assert (completed.exit_code, completed.interrupted) == (code, True)


def test_an_exception_in_a_listener_stops_the_process_first(
    fake: FakeTerraform, workdir: Path, tmp_path: Path
) -> None:
    fake.rule(resources=["x.y"], wait_for=tmp_path / "never")

    def broken(_: Event) -> None:
        raise RuntimeError("listener")

    with pytest.raises(RuntimeError, match="listener"):
        run(
            fake.path,
            workdir,
            PLAN,
            dict(os.environ),
            tmp_path / "out",
            tmp_path / "err",
            on_event=broken,
        )
    assert [call["exit"] for call in fake.calls("plan")] == [1]


def test_every_start_is_recorded(fake: FakeTerraform, workdir: Path, tmp_path: Path) -> None:
    record = tmp_path / "run" / "processes.jsonl"
    env = dict(os.environ)
    run(fake.path, workdir, PLAN, env, tmp_path / "o", tmp_path / "e", record=record)
    capture(fake.path, workdir, Command("show", {"json": True}), env, record=record)
    started = [json.loads(line) for line in record.read_text().splitlines()]
    assert [entry["argv"][1] for entry in started] == ["plan", "show"]
    assert [entry["pid"] for entry in started] == [call["pid"] for call in fake.calls()]
    assert {entry["cwd"] for entry in started} == {str(workdir)}


def test_the_process_gets_exactly_the_environment_given(
    fake: FakeTerraform, workdir: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_PROFILE", "production")
    env = environment(os.environ, emulator=True)
    run(fake.path, workdir, PLAN, env, tmp_path / "out", tmp_path / "err")
    assert "AWS_PROFILE" not in fake.calls("plan")[0]["env"]
    assert fake.calls("plan")[0]["env"]["TF_IN_AUTOMATION"] == "1"


def test_what_cannot_be_started_says_why(workdir: Path, tmp_path: Path) -> None:
    with pytest.raises(UnitFailed, match="cannot start"):
        start(tmp_path / "none", workdir, PLAN, {}, tmp_path / "out", tmp_path / "err")


def test_a_failing_reader_says_why(fake: FakeTerraform, workdir: Path) -> None:
    fake.rule(exit=1, stderr="no plan there")
    with pytest.raises(UnitFailed, match="no plan there"):
        capture(fake.path, workdir, Command("show"), dict(os.environ))


def test_terraform_finishes_when_pytg_is_killed(workdir: Path, tmp_path: Path) -> None:
    """The real thing: `kill -9` of the parent between two resources."""
    assert REAL is not None
    up, go = tmp_path / "up", tmp_path / "go"
    (workdir / "main.tf").write_text(
        textwrap.dedent(f"""
        resource "terraform_data" "first" {{
          provisioner "local-exec" {{
            command = "touch {up}; while [ ! -e {go} ]; do sleep 0.01; done; echo on"
          }}
        }}
        resource "terraform_data" "second" {{
          input = terraform_data.first.id
        }}
        """)
    )
    env = environment(os.environ, emulator=True)
    subprocess.run([REAL, "init"], cwd=workdir, env=env, check=True, capture_output=True)
    script = f"""
from pathlib import Path
from pytg.terraform.process import run
from pytg.terraform.command import Command
import os
apply = Command("apply", {{"json": True, "auto_approve": True}})
run(Path({REAL!r}), Path("."), apply, dict(os.environ), Path("out"), Path("err"))
"""
    parent = subprocess.Popen([sys.executable, "-c", script], cwd=workdir, env=env)
    appears(up)
    lock = workdir / ".terraform.tfstate.lock.info"
    assert lock.exists()
    parent.kill()
    parent.wait()
    go.touch()
    while "change_summary" not in (workdir / "out").read_text() or lock.exists():
        time.sleep(0.01)
    state = json.loads((workdir / "terraform.tfstate").read_text())
    assert sorted(resource["name"] for resource in state["resources"]) == ["first", "second"]


def test_an_interrupted_apply_keeps_what_it_made(workdir: Path, tmp_path: Path) -> None:
    """The real thing: one SIGINT, the resource under way is finished, the next not begun."""
    assert REAL is not None
    go = tmp_path / "go"
    (workdir / "main.tf").write_text(
        textwrap.dedent(f"""
        resource "terraform_data" "first" {{}}
        resource "terraform_data" "slow" {{
          input = terraform_data.first.id
          provisioner "local-exec" {{
            command = "trap '' INT; while [ ! -e {go} ]; do sleep 0.01; done"
          }}
        }}
        resource "terraform_data" "after" {{
          input = terraform_data.slow.id
        }}
        """)
    )
    env = environment(os.environ, emulator=True)
    subprocess.run([REAL, "init"], cwd=workdir, env=env, check=True, capture_output=True)
    cancel = threading.Event()

    def on_event(event: Event) -> None:
        if event.type == "provision_progress":
            cancel.set()
        if event.type == "log" or "Interrupt" in event.message or "Stopping" in event.message:
            go.touch()

    completed = run(
        Path(REAL),
        workdir,
        Command("apply", {"json": True, "auto_approve": True}),
        env,
        tmp_path / "out",
        tmp_path / "err",
        on_event=on_event,
        cancel=cancel,
    )
    state = json.loads((workdir / "terraform.tfstate").read_text())
    assert completed.interrupted
    assert not completed.crashed
    assert "first" in [resource["name"] for resource in state["resources"]]
    assert "after" not in [resource["name"] for resource in state["resources"]]


def test_a_person_gets_the_exit_code_and_the_directory(fake: FakeTerraform, workdir: Path) -> None:
    fake.rule(command="state", exit=3)
    before = signal.getsignal(signal.SIGINT)
    command = Command("state", args=("list", "-id=x"))
    assert attach(fake.path, workdir, command, dict(os.environ)) == 3
    assert fake.calls("state")[0]["argv"] == ["state", "list", "-id=x"]
    assert fake.calls("state")[0]["cwd"] == str(workdir)
    assert signal.getsignal(signal.SIGINT) is before


def test_a_start_that_cannot_be_recorded_is_taken_back(
    fake: FakeTerraform, workdir: Path, tmp_path: Path
) -> None:
    """As on a full disk: nobody would follow what it does."""
    fake.rule(wait_for=tmp_path / "never")
    record = tmp_path / "processes.jsonl"
    record.mkdir()
    with pytest.raises(OSError, match=r"processes\.jsonl"):
        run(
            fake.path,
            workdir,
            PLAN,
            dict(os.environ),
            tmp_path / "o",
            tmp_path / "e",
            record=record,
        )
    assert not [call for call in fake.calls() if psutil.pid_exists(call["pid"])]
