"""What is left after a crash, and what the next run does: nothing is lost, nothing made twice."""

from __future__ import annotations

import json
import os
import pty
import select
import shutil
import signal
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest

from pytg.recovery.composed_directory import COMPOSED
from support.estate_builder import build_estate
from support.process import eventually
from support.project import PYTG, Project

pytestmark = pytest.mark.slow

DEV = ("--env", "dev")
PATIENCE_S = 60.0
# each resource writes its name when it is made; `slow` then waits for a file named `go`
MODULE = """
    variable "up" {{
      type    = string
      default = ""
    }}
    resource "terraform_data" "this" {{
      input = var.up
      provisioner "local-exec" {{
        command = "echo {name} >> ${{path.module}}/../../made; {wait}"
      }}
    }}
    output "id" {{
      value = terraform_data.this.id
    }}
    """
WAIT = "while test ! -e ${path.module}/../../go; do sleep 0.05; done"
FILES = {
    "config.yaml": """
        project: crash
        regions: {us-east-1: {role: source}}
        modules:
          first: {}
          side: {}
          slow:
            inputs: {up: "${first.id}"}
          last:
            inputs: {up: "${slow.id}"}
        """,
    "live/acc/account.yaml": "{}\n",
    "live/acc/us-east-1/dev/env.yaml": "{}\n",
    **{
        f"modules/{name}/main.tf": MODULE.format(name=name, wait=WAIT if name == "slow" else "true")
        for name in ("first", "side", "slow", "last")
    },
}
SLOW, FIRST = "acc/us-east-1/dev/slow", "acc/us-east-1/dev/first"


@pytest.fixture
def project(tmp_path: Path) -> Project:
    return Project(build_estate(tmp_path, FILES))


def made(project: Project) -> Counter[str]:
    file = project.root / "made"
    return Counter(file.read_text().split()) if file.exists() else Counter()


def journal(project: Project) -> dict[str, dict[str, int]] | None:
    found = list((project.root / COMPOSED).glob("*/journal.json"))
    return json.loads(found[0].read_text()) if found else None


def apply_until_slow(project: Project) -> subprocess.Popen[str]:
    """Start an apply, and return when `slow` is being made and what came before is recorded."""
    process = project.start("apply", *DEV, "--yes", "--json")
    eventually(lambda: made(project)["slow"])
    eventually(lambda: project.state(FIRST) and project.state("acc/us-east-1/dev/side"))
    return process


def finish(project: Project) -> None:
    """The next apply completes everything, and nothing that was recorded is made again."""
    (project.root / "go").touch()
    before = made(project)
    project.pytg("apply", *DEV, "--yes")
    assert journal(project) is None
    assert made(project)["first"] == before["first"] == 1
    assert made(project)["side"] == 1
    project.pytg("plan", *DEV, "--detailed-exitcode")


def test_after_kill_of_terraform_the_rest_goes_on_next_time(project: Project) -> None:
    process = apply_until_slow(project)
    found = journal(project)
    assert found
    os.killpg(found["terraform"]["pid"], signal.SIGKILL)
    out, err = process.communicate(timeout=PATIENCE_S)
    assert process.returncode == 1, err
    record = json.loads((project.root / json.loads(out)["record"]).read_text())
    assert record["units"][SLOW]["status"] == "unknown"
    assert record["units"][SLOW]["unknown_resources"] == ["terraform_data.this"]
    assert record["units"][FIRST]["status"] == "succeeded"
    finish(project)


def test_after_kill_of_pytg_terraform_finishes_and_the_next_run_recovers_it(
    project: Project,
) -> None:
    process = apply_until_slow(project)
    process.kill()
    process.wait()
    (project.root / "go").touch()
    project.pytg("apply", *DEV, "--yes")
    assert made(project) == {"first": 1, "side": 1, "slow": 1, "last": 1}
    project.pytg("plan", *DEV, "--detailed-exitcode")


# pytg is killed after it started Terraform and before it noted which process that is
KILLED_BEFORE_THE_NOTE = """
import os, signal, sys
from pytg.cli.main import main
from pytg.recovery.journal import Journal
Journal.started = lambda *_: os.kill(os.getpid(), signal.SIGKILL)
sys.argv[0] = "pytg"
main()
"""


def test_a_run_that_still_showed_as_alive_is_recovered_at_the_stage(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    process = apply_until_slow(project)
    process.kill()
    process.wait()
    (project.root / "go").touch()
    # it was not seen as dead
    monkeypatch.setattr("pytg.recovery.recover.recover_composed", lambda *_, **_more: [])
    done = project.pytg("apply", *DEV, "--yes")
    assert "recovered" in done.err
    assert made(project) == {"first": 1, "side": 1, "slow": 1, "last": 1}
    assert journal(project) is None
    project.pytg("plan", *DEV, "--detailed-exitcode")


def test_a_terraform_whose_pid_was_not_noted_is_waited_for(project: Project) -> None:
    project.run(
        [sys.executable, "-c", KILLED_BEFORE_THE_NOTE, "-C", str(project.root), "apply", *DEV, "-y"]
    )
    found = journal(project)
    assert found
    assert found["terraform"] is None
    waits_for_terraform(project)


def test_a_terraform_that_outlived_pytg_is_waited_for(project: Project) -> None:
    process = apply_until_slow(project)
    process.kill()
    process.communicate()
    waits_for_terraform(project)


def waits_for_terraform(project: Project) -> None:
    """The next run waits for the end of the Terraform that makes `slow`; nothing is made twice."""
    process = project.start("apply", *DEV, "--yes")
    assert process.stderr is not None
    assert select.select([process.stderr], [], [], PATIENCE_S)[0]
    assert "still works" in process.stderr.readline()
    eventually(lambda: made(project)["slow"])
    (project.root / "go").touch()
    _, err = process.communicate(timeout=PATIENCE_S)
    assert process.returncode == 0, err
    assert made(project) == {"first": 1, "side": 1, "slow": 1, "last": 1}
    assert journal(project) is None


def test_after_kill_of_both_nothing_recorded_is_lost(project: Project) -> None:
    project.kill_both(apply_until_slow(project))
    done = project.pytg("plan", *DEV)
    # which of the two depends on whether `side` had the state written after `slow` was made
    assert "may have left" in done.err or "its provisioner was cut off" in done.err
    assert f"{SLOW} terraform_data.this" in done.err
    finish(project)


@pytest.mark.parametrize("half", ['{"version": 4, "resou', ""])
def test_a_half_written_local_state_falls_back_to_the_last_whole_one(
    project: Project, half: str
) -> None:
    project.kill_both(apply_until_slow(project))
    (state,) = (project.root / COMPOSED).glob("*/terraform.tfstate")
    state.write_text(half)
    finish(project)


def test_what_terraform_could_not_write_is_the_newest_state(project: Project) -> None:
    """`slow` is made while the local state can no longer be written; it is not made again."""
    process = apply_until_slow(project)
    (state,) = (project.root / COMPOSED).glob("*/terraform.tfstate")
    if subprocess.run(["chattr", "+i", state], check=False, capture_output=True).returncode:
        (project.root / "go").touch()
        process.communicate()
        pytest.skip("no file can be made immutable here")
    try:
        (project.root / "go").touch()
        _, err = process.communicate(timeout=PATIENCE_S)
        assert process.returncode == 1
        assert "operation not permitted" in err
        assert f"cannot be removed, and holds values in clear: {state}" in err
    finally:
        subprocess.run(["chattr", "-i", state], check=True)
    assert project.state(SLOW)
    finish(project)
    assert made(project)["slow"] == 1


def test_output_recovers_what_a_dead_run_left(project: Project) -> None:
    kill_pytg_and_let_terraform_end(project)
    done = project.pytg("output", SLOW, "id")
    assert "recovered the state of" in done.err
    assert done.out.strip()
    assert journal(project) is None


def test_tf_recovers_what_a_dead_run_left(project: Project) -> None:
    kill_pytg_and_let_terraform_end(project)
    done = project.pytg("tf", SLOW, "plan", "-input=false", "-detailed-exitcode")
    assert "recovered the state of" in done.err


def test_what_left_the_configuration_is_recovered_all_the_same(project: Project) -> None:
    kill_pytg_and_let_terraform_end(project)
    config = project.root / "config.yaml"
    whole = config.read_text()
    config.write_text(whole[: whole.index("  slow:")])
    project.pytg("plan", *DEV)
    state = project.state(SLOW)
    assert state is not None
    assert [r["type"] for r in state["resources"]] == ["terraform_data"]
    assert journal(project) is None


def kill_pytg_and_let_terraform_end(project: Project) -> None:
    """`slow` is made, and only the composed state says so."""
    process = apply_until_slow(project)
    process.kill()
    process.communicate()
    (project.root / "go").touch()


def test_plain_terraform_is_kept_out_while_pytg_applies(project: Project) -> None:
    project.pytg("generate", *DEV)
    process = apply_until_slow(project)
    plain = project.terraform(SLOW, "plan", "-input=false", "-lock-timeout=0s")
    assert plain.code == 1
    assert "state lock" in plain.err
    assert "pytg apply" in plain.err
    (project.root / "go").touch()
    process.communicate(timeout=PATIENCE_S)
    assert process.returncode == 0
    assert project.terraform(SLOW, "plan", "-input=false", "-detailed-exitcode").code == 0


def test_pytg_is_kept_out_while_plain_terraform_applies(project: Project) -> None:
    (project.root / "go").touch()
    project.pytg("apply", *DEV, "--yes", "--select", "module:first")
    (project.root / "go").unlink()
    project.pytg("generate", *DEV)
    assert project.terraform(SLOW, "init", "-input=false").code == 0
    plain = subprocess.Popen(
        ["terraform", "apply", "-auto-approve", "-input=false"],
        cwd=project.root / ".pytg" / "units" / SLOW,
        env={**os.environ, "TF_CLI_CONFIG_FILE": os.devnull},
        stdout=subprocess.DEVNULL,
    )
    eventually(lambda: made(project)["slow"])
    done = project.pytg("apply", *DEV, "--yes", "--lock-timeout", "0", expect=6)
    assert SLOW in done.err
    assert "locked" in done.err
    (project.root / "go").touch()
    assert plain.wait(PATIENCE_S) == 0
    project.pytg("apply", *DEV, "--yes")
    assert made(project)["slow"] == 1


def test_ctrl_c_lets_terraform_end_in_order(project: Project) -> None:
    process = apply_until_slow(project)
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=PATIENCE_S)
    assert process.returncode == 130, err
    assert json.loads(out)["result"] == "interrupted"
    assert journal(project) is None
    finish(project)


def test_a_plan_is_refused_when_a_state_moved_before_it_was_approved(project: Project) -> None:
    (project.root / "go").touch()
    project.pytg("apply", *DEV, "--yes")
    config = project.root / "config.yaml"
    config.write_text(config.read_text().replace("side: {}", "side: {inputs: {up: new}}"))
    reader, terminal = pty.openpty()
    process = subprocess.Popen(
        [PYTG, "-C", project.root, "apply", *DEV], stdin=terminal, stdout=terminal, stderr=terminal
    )
    os.close(terminal)
    seen = b""
    while b"[y/N]" not in seen:
        seen += os.read(reader, 1024)
    side = project.root / ".pytg/state/acc/us-east-1/dev/side/terraform.tfstate"
    state = json.loads(side.read_text())
    side.write_text(json.dumps(state | {"serial": state["serial"] + 1}))
    os.write(reader, b"y\n")
    while True:
        try:
            seen += os.read(reader, 1024)
        except OSError:
            break
    assert process.wait(PATIENCE_S) == 6, seen
    assert b"moved after the plan was made" in seen
    assert json.loads(side.read_text())["serial"] == state["serial"] + 1


def test_ctrl_c_at_the_question_ends_at_once_with_nothing_done(project: Project) -> None:
    reader, terminal = pty.openpty()
    process = subprocess.Popen(
        [PYTG, "-C", project.root, "apply", *DEV], stdin=terminal, stdout=terminal, stderr=terminal
    )
    os.close(terminal)
    seen = b""
    while b"[y/N]" not in seen:
        seen += os.read(reader, 1024)
    process.send_signal(signal.SIGINT)
    assert process.wait(PATIENCE_S) == 130
    os.close(reader)
    assert made(project) == {}
    assert project.record()["result"] == "interrupted"


def test_what_somebody_imported_after_the_crash_is_not_overwritten(project: Project) -> None:
    """Nor do the records of the run matter: they are gone, or damaged."""
    project.kill_both(apply_until_slow(project))
    (project.root / "go").touch()
    shutil.rmtree(project.root / ".pytg" / "runs")
    project.pytg("generate", *DEV)
    for arguments in (
        ["init", "-input=false"],
        ["state", "rm", "module.first.terraform_data.this"],
    ):
        assert project.terraform(FIRST, *arguments).code == 0
    refused = project.pytg("plan", *DEV, expect=6)
    assert f"the state of {FIRST} moved" in refused.err
    assert f"pytg recover {FIRST} --use left" in refused.err
    side = project.pytg("plan", *DEV, "--select", "module:side")
    assert f"not recovered, and kept: {FIRST}" in side.err
    project.pytg("recover", FIRST, "--use", "stored")
    assert journal(project) is None
    project.pytg("apply", *DEV, "--yes")  # it is imported by the id that Terraform told
    assert made(project)["first"] == 1
    project.pytg("plan", *DEV, "--detailed-exitcode")
