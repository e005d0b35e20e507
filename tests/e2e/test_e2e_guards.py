"""What a destroy refuses, with states in a bucket and a fake terraform."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator
from pathlib import Path

import boto3
import pytest
from moto import mock_aws

from pytg.model import Address
from pytg.recovery.unrecorded import remembered
from support.estate_builder import build_estate, terraform_module
from support.fake_terraform import FakeTerraform
from support.project import Project

pytestmark = pytest.mark.slow

BUCKET = "guarded"
FILES = {
    "config.yaml": f"""
        project: guards
        stateful: [aws_s3_bucket]
        regions: {{us-east-1: {{role: source}}}}
        backend: {{type: s3, module: backend, bucket: {BUCKET}}}
        modules:
          backend: {{scope: environment}}
          app: {{}}
        """,
    "live/acc/account.yaml": "{}\n",
    "live/acc/us-east-1/dev/env.yaml": "{}\n",
    **terraform_module("backend"),
    **terraform_module("app"),
}
APP, OTHER = "acc/us-east-1/dev/app", "acc/us-east-1/dev-a1/app"
DEV = ("--env", "dev", "--yes")


@pytest.fixture
def fake(tmp_path: Path) -> FakeTerraform:
    return FakeTerraform.install(tmp_path / "bin")


@pytest.fixture
def project(
    tmp_path: Path, fake: FakeTerraform, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Project]:
    """Its AWS is one of the test's own, and the state bucket is there."""
    for name in [n for n in os.environ if n.startswith("AWS_")]:
        monkeypatch.delenv(name)
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "testing")
    with mock_aws():
        boto3.client("s3", region_name="us-east-1").create_bucket(Bucket=BUCKET)
        root = build_estate(tmp_path / "estate", FILES)
        yield Project(root, {"PYTG_TERRAFORM": str(fake.path)})


def put(address: str, *resources: str) -> None:
    """Another state in the bucket."""
    state = {"version": 4, "terraform_version": "1.11.4", "serial": 1, "lineage": address}
    made = {"mode": "managed", "name": "this", "provider": "x", "instances": []}
    held = [{**made, "type": kind} for kind in resources]
    boto3.client("s3", region_name="us-east-1").put_object(
        Bucket=BUCKET,
        Key=f"{address}/terraform.tfstate",
        Body=json.dumps({**state, "outputs": {}, "resources": held}).encode(),
    )


def test_a_backend_that_holds_the_states_of_others_stays(project: Project) -> None:
    put(OTHER, "aws_s3_bucket")
    done = project.pytg("destroy", *DEV, expect=6)
    assert f"{OTHER}/terraform.tfstate" in done.err
    assert "--suffix" in done.err
    project.pytg("destroy", *DEV, "--module", "app")


def test_a_backend_with_states_of_its_own_and_empty_ones_may_go(project: Project) -> None:
    put(OTHER)
    put(APP, "terraform_data")
    done = project.pytg("destroy", *DEV, expect=None)
    assert "holds states of something else" not in done.err


@pytest.mark.parametrize("body", [b"null", b"[]", b"{}", b'{"version": 3, "modules": []}'])
def test_what_is_no_state_is_never_taken_for_an_empty_one(
    project: Project, fake: FakeTerraform, body: bytes
) -> None:
    key = f"{APP}/terraform.tfstate"
    boto3.client("s3", region_name="us-east-1").put_object(Bucket=BUCKET, Key=key, Body=body)
    for command in (("plan", "--module", "app"), ("destroy",)):
        done = project.pytg(*command, *DEV, expect=1)
        assert f"{key} in its backend is no state of version 4" in done.err
    assert not fake.calls("plan")


@pytest.mark.parametrize("command", [("plan",), ("apply",), ("destroy", "--module", "app")])
@pytest.mark.parametrize("way", [(), ("--per-unit",)])
def test_what_left_the_configuration_is_named_by_every_run(
    project: Project, command: tuple[str, ...], way: tuple[str, ...]
) -> None:
    gone = "acc/us-east-1/dev/gone"
    put(gone, "aws_s3_bucket")
    done = project.pytg(*command, *DEV, *way)
    assert f"{gone} is no longer configured" in done.err


def test_when_a_state_moved_the_locks_are_left(
    project: Project, fake: FakeTerraform, monkeypatch: pytest.MonkeyPatch
) -> None:
    put(APP)
    fake.rule(command="plan", resources=[f"module.{Address.parse(APP).slug}.terraform_data.this"])

    def confirm(*_: object) -> Callable[[str], bool]:
        def moves(_question: str, _cancel: object) -> bool:
            put(APP, "terraform_data")
            return True

        return moves

    monkeypatch.setattr("pytg.cli._execute.confirm", confirm)
    monkeypatch.setattr("pytg.cli._execute.attended", lambda: True)
    done = project.pytg("apply", "--env", "dev", "--module", "app", expect=6)
    assert "moved after the plan was made" in done.err
    assert json.loads(project.pytg("locks", "--json").out) == {"locks": []}
    assert fake.calls("apply") == []
    assert not list((project.root / ".pytg/composed").glob("*/journal.json"))


@pytest.mark.parametrize("way", [(), ("--per-unit",)])
def test_without_its_backend_no_unit_is_tried(
    project: Project, fake: FakeTerraform, way: tuple[str, ...]
) -> None:
    boto3.client("s3", region_name="us-east-1").delete_bucket(Bucket=BUCKET)
    fake.rule(command="plan", cwd="composed", exit=1)
    done = project.pytg("apply", *DEV, "--json", *way, expect=1)
    assert project.statuses(done) == {"acc/global/dev/backend": "failed", APP: "skipped"}
    assert len(fake.calls("plan")) == 1


def test_unit_by_unit_what_a_killed_terraform_was_making_is_remembered(
    project: Project, fake: FakeTerraform
) -> None:
    made, making = "module.app.terraform_data.made", "module.app.terraform_data.making"
    events = [
        {"type": kind, "hook": {"resource": {"addr": addr}, "action": "create"}}
        for kind, addr in [
            ("apply_start", made),
            ("apply_complete", made),  # and not in the backend yet: that is written later
            ("apply_start", making),
        ]
    ]
    fake.rule(command="plan", resources=[made, making])
    fake.rule(command="apply", events=events, kill=True)
    done = project.pytg("apply", *DEV, "--module", "app", "--per-unit", "--json", expect=1)
    app = project.record(done)["units"][APP]
    assert app["status"] == "unknown"
    assert app["unknown_resources"] == ["terraform_data.made", "terraform_data.making"]
    assert remembered(project.root) == {
        Address.parse(APP): dict.fromkeys(app["unknown_resources"], "")
    }


def errored(project: Project, serial: int) -> Path:
    """A state of APP that Terraform could not write to the bucket."""
    state = {"version": 4, "terraform_version": "1.11.4", "serial": serial, "lineage": APP}
    held = {"module": "module.app", "mode": "managed", "type": "terraform_data", "name": "this"}
    resource = {**held, "provider": 'provider["terraform.io/builtin/terraform"]', "instances": []}
    file = project.root / ".pytg/units" / APP / "errored.tfstate"
    file.parent.mkdir(parents=True)
    file.write_text(json.dumps({**state, "outputs": {}, "resources": [resource]}))
    return file


def stored() -> dict[str, object]:
    s3 = boto3.client("s3", region_name="us-east-1")
    body = s3.get_object(Bucket=BUCKET, Key=f"{APP}/terraform.tfstate")["Body"].read()
    return dict(json.loads(body))


@pytest.mark.parametrize("applied", [(), (APP,)])
def test_what_terraform_could_not_write_is_written_first(
    project: Project, applied: tuple[str, ...]
) -> None:
    for address in applied:
        put(address)
    file = errored(project, 2)
    done = project.pytg("plan", "--env", "dev")
    assert f"recovered the state of {APP}" in done.err
    assert stored()["serial"] == 2
    assert stored()["resources"]
    assert not file.exists()
    assert json.loads(project.pytg("locks", "--json").out) == {"locks": []}


def test_what_terraform_could_not_write_stays_where_the_state_moved(project: Project) -> None:
    put(APP)
    file = errored(project, 1)
    done = project.pytg("apply", *DEV, expect=6)
    assert f"the state of {APP} has moved since" in done.err
    assert file.exists()
    assert stored()["resources"] == []
    assert json.loads(project.pytg("locks", "--json").out) == {"locks": []}


PROTECTED = "acc/us-east-1/prod/app"


@pytest.mark.parametrize("way", [(), ("--per-unit",)])
def test_a_stateful_resource_of_a_protected_environment_stays(
    project: Project, fake: FakeTerraform, way: tuple[str, ...]
) -> None:
    env = project.root / "live/acc/us-east-1/prod/env.yaml"
    env.parent.mkdir()
    env.write_text("protected: true\n")
    for call, cwd in ((Address.parse(PROTECTED).slug, "composed"), ("app", "units")):
        where = {"addr": f"module.{call}.aws_s3_bucket.this", "resource_type": "aws_s3_bucket"}
        event = {"type": "planned_change", "change": {"resource": where, "action": "delete"}}
        fake.rule(command="plan", cwd=cwd, resources=[where["addr"]], events=[event])
    run = ("apply", "--env", "prod", "--module", "app", "--yes", *way)
    done = project.pytg(*run, expect=None)
    assert done.code == 6
    assert f"--allow-loss '{PROTECTED}:aws_s3_bucket.this'" in done.err
    assert fake.calls("apply") == []
    project.pytg(*run, "--allow-loss", f"{PROTECTED}:aws_s3_bucket.this", expect=None)
    assert len(fake.calls("apply")) == 1
