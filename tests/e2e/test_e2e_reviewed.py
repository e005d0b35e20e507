"""A plan is kept, reviewed, and applied elsewhere: exactly that, or nothing and the reason."""

from __future__ import annotations

import json
import shutil
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest

from pytg.bundle.archive import FILE, pack, unpack
from pytg.files import write_atomic
from support.estate_builder import build_estate
from support.project import Project

pytestmark = pytest.mark.slow

DEV = ("--env", "dev")
APP = "lab/us-east-1/dev/app"
BASE = "lab/us-east-1/dev/base"
OUTSIDE = "lab/us-east-1/dev/outside"
ENV = "live/lab/us-east-1/dev/env.yaml"


def data_module(name: str, value: str, more: str = "") -> dict[str, str]:
    return {
        f"modules/{name}/main.tf": f"""
            variable "size" {{
              type    = number
              default = 1
            }}
            variable "from" {{
              type    = string
              default = ""
            }}
            resource "terraform_data" "this" {{
              input = {value}
            }}
            {more}
            output "id" {{
              value = "{name}-${{terraform_data.this.output}}"
            }}
            """,
    }


FILES = {
    "config.yaml": """
        project: lab
        regions: {us-east-1: {role: source}}
        modules:
          outside:
            inputs: {size: 1}
          base:
            inputs: {from: "${outside.id}"}
          app:
            inputs: {size: 2, from: "${base.id}"}
        """,
    "live/lab/account.yaml": 'account_id: "000000000001"\n',
    ENV: """
        inputs:
          size: 3
        """,
    **data_module("outside", "var.size"),
    **data_module("base", '"${var.from}${var.size}"'),
    **data_module(
        "app",
        '"${var.from}${var.size}${templatefile("${path.module}/../texts/hello.tpl", {})}"',
        'module "part" {\n  source = "../part"\n}',
    ),
    "modules/texts/hello.tpl": "hello\n",
    "modules/part/main.tf": 'resource "terraform_data" "part" {}\n',
}


@dataclass(frozen=True)
class Kept:
    """`outside` is applied; of `base` and `app` there is a plan in `bundle`."""

    project: Project
    bundle: Path

    def copy(self, to: Path) -> Kept:
        """Both, as another machine has them."""
        shutil.copytree(self.project.root, to / "project", symlinks=True)
        shutil.copytree(self.bundle, to / "bundle")
        return Kept(Project(to / "project"), to / "bundle")

    def refused(self, *arguments: str) -> str:
        """What is said where it is refused; nothing has been changed then."""
        before = {unit: self.project.state(unit) for unit in (APP, BASE, OUTSIDE)}
        done = self.project.pytg("apply", str(self.bundle), *arguments, expect=6)
        assert before == {unit: self.project.state(unit) for unit in (APP, BASE, OUTSIDE)}
        return done.err


@pytest.fixture(scope="module")
def planned(tmp_path_factory: pytest.TempPathFactory) -> Kept:
    root = tmp_path_factory.mktemp("planned")
    project = Project(build_estate(root / "project", FILES))
    project.pytg("apply", *DEV, "--module", "outside", "--yes")
    bundle = root / "bundle"
    project.pytg("plan", *DEV, "--module", "base", "--module", "app", "--out", str(bundle))
    return Kept(project, bundle)


@pytest.fixture
def kept(planned: Kept, tmp_path: Path) -> Kept:
    """A copy of the project at another path, without what is not in its repository."""
    return planned.copy(tmp_path)


def test_another_machine_applies_exactly_that_and_only_once(kept: Kept) -> None:
    shutil.rmtree(kept.project.root / ".pytg" / "composed")  # nothing is initialised there
    assert (kept.bundle / FILE).stat().st_mode & 0o077 == 0
    done = kept.project.pytg("apply", str(kept.bundle), "--json")
    assert [c for c in kept.project.commands() if c != "init"] == ["apply"]
    assert set(kept.project.statuses(done).values()) == {"succeeded"}
    assert done.document["changes"]["create"] == 3
    kept.project.pytg("plan", *DEV, "--detailed-exitcode")
    said = kept.refused()
    assert f"{APP}: its state was made since (serial" in said
    assert f"run {done.document['run_id']} has applied it" in said


def edit_in(project: Project, name: str, old: str, new: str) -> None:
    text = (project.root / name).read_text()
    assert old in text
    (project.root / name).write_text(text.replace(old, new))


def edit(name: str, old: str, new: str) -> Callable[[Kept], None]:
    return lambda kept: edit_in(kept.project, name, old, new)


def apply_upstream(kept: Kept) -> None:
    edit("config.yaml", "size: 1", "size: 7")(kept)
    kept.project.pytg("apply", *DEV, "--module", "outside", "--yes")
    edit("config.yaml", "size: 7", "size: 1")(kept)


def apply_own(kept: Kept) -> None:
    kept.project.pytg("apply", *DEV, "--module", "base", "--yes")


def state_is_gone(kept: Kept) -> None:
    shutil.rmtree(kept.project.root / ".pytg" / "state" / OUTSIDE)


def in_bundle(old: bytes, new: bytes) -> Callable[[Kept], None]:
    def change(kept: Kept) -> None:
        file = kept.bundle / FILE
        data = file.read_bytes()
        assert old in data
        write_atomic(file, data.replace(old, new))

    return change


def half(kept: Kept) -> None:
    data = (kept.bundle / FILE).read_bytes()
    (kept.bundle / FILE).write_bytes(data[: len(data) // 2])


CONFIGURED = "its configuration changed"
STALE = {
    "an input": (
        edit(ENV, "size: 3", "size: 4"),
        f"{BASE}: {CONFIGURED}: inputs.size ({ENV}:2)",
    ),
    "a unit of its own": (
        edit("config.yaml", "  base:\n", "  base:\n    isolate: true\n"),
        f"{BASE}: {CONFIGURED}: isolate",
    ),
    "a unit that is gone": (
        edit(ENV, "inputs:", "modules: {app: {enabled: false}}\ninputs:"),
        f"{APP} is no longer in the configuration",
    ),
    "a comment of a module": (
        edit("modules/app/main.tf", "resource", "# new\nresource"),
        f"{APP}: modules/app/main.tf changed",
    ),
    "a nested module": (
        edit("modules/part/main.tf", "{}", "{ input = 1 }"),
        f"{APP}: modules/part/main.tf changed",
    ),
    "a template": (
        edit("modules/texts/hello.tpl", "hello", "bye"),
        f"{APP}: modules/texts/hello.tpl changed",
    ),
    "an upstream": (apply_upstream, f"{OUTSIDE}: it is read, and its state moved: serial"),
    "its own state": (apply_own, f"{BASE}: its state was made since"),
    "a state that is gone": (state_is_gone, f"{OUTSIDE}: it is read, and its state is gone"),
    "a bundle that is half": (half, "is no whole bundle"),
    "a byte of a bundle": (in_bundle(b"PK\x01\x02", b"PK\x01\x03"), "is no whole bundle"),
}


@pytest.mark.parametrize("kind", STALE)
def test_what_changed_since_is_refused_with_the_reason(kept: Kept, kind: str) -> None:
    change, said = STALE[kind]
    change(kept)
    assert said in kept.refused()


def pack_anew(kept: Kept, files: Mapping[str, bytes] = {}, **changed: Any) -> None:
    """The bundle with other contents, as whole as the one that was written."""
    there = unpack((kept.bundle / FILE).read_bytes(), "")
    data = pack(replace(there.manifest, **changed), {**there.files, **files})
    write_atomic(kept.bundle / FILE, data)


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"pytg": "0.1"}, "it was planned with pytg 0.1, and this is "),
        ({"terraform": "1.9.9"}, "it was planned with terraform 1.9.9, and here is terraform "),
        ({"flavour": "opentofu"}, "it was planned with opentofu 1."),
        ({"platform": "plan9_mips"}, "it was planned on plan9_mips, and this is "),
    ],
)
def test_other_tools_are_refused(kept: Kept, changed: dict[str, str], said: str) -> None:
    pack_anew(kept, **changed)
    assert said in kept.refused()


def test_providers_that_are_not_here_are_refused_and_leave_the_root_as_it_was(kept: Kept) -> None:
    lock = b'provider "registry.terraform.io/hashicorp/none" {\n  version = "1.0.0"\n}\n'
    pack_anew(kept, {"1/1/root/.terraform.lock.hcl": lock})
    assert "that this was planned with cannot be had here" in kept.refused()
    kept.project.pytg("plan", *DEV, "--module", "base", "--module", "app")


def test_what_was_not_meant_is_refused(kept: Kept) -> None:
    assert "--max-age allows 0" in kept.refused("--max-age", "0")
    assert "is not the one that was meant" in kept.refused("--digest", "sha256:00")
    kept.project.pytg("apply", str(kept.bundle), *DEV, expect=4)
    kept.project.pytg("apply", str(kept.bundle / "none"), expect=4)


def test_unit_by_unit_a_value_that_was_shown_is_the_one_that_is_applied(tmp_path: Path) -> None:
    files = FILES | data_module("outside", '"${plantimestamp()} is another in each plan"')
    project = Project(build_estate(tmp_path / "project", files))
    project.pytg("apply", *DEV, "--yes")
    edit_in(project, "config.yaml", "size: 2", "size: 4")
    bundle = str(tmp_path / "bundle")
    time.sleep(1)  # plantimestamp() counts seconds: each plan is to be in another one
    project.pytg("plan", *DEV, "--per-unit", "--out", bundle)
    time.sleep(1)
    done = project.pytg("apply", bundle, "--json", expect=1)
    assert project.statuses(done)[OUTSIDE] == "failed"
    assert "terraform_data.this: input is not what was shown" in done.err
    project.pytg("plan", *DEV, "--module", "app", "--per-unit", "--out", bundle)
    done = project.pytg("apply", bundle, "--json")
    assert project.statuses(done) == {APP: "succeeded"}


def test_what_must_be_planned_anew_is_named_and_not_applied(tmp_path: Path) -> None:
    files = FILES | {
        "modules/app/main.tf": """
            variable "size" { type = number }
            variable "from" { type = string }
            resource "terraform_data" "this" {
              for_each = toset([var.from])
            }
            """,
    }
    project = Project(build_estate(tmp_path / "project", files))
    bundle = str(tmp_path / "bundle")
    project.pytg("plan", *DEV, "--out", bundle, "--detailed-exitcode", expect=2)
    done = project.pytg("apply", bundle, "--json", expect=2)
    assert project.statuses(done)[APP] == "skipped"
    assert project.state(BASE) is not None
    assert project.state(APP) is None
    assert f"to be planned anew: {APP}" in done.err
    project.pytg("plan", *DEV, "--out", bundle)
    project.pytg("apply", bundle)
    project.pytg("plan", *DEV, "--destroy", "--out", bundle)
    assert json.loads((tmp_path / "bundle" / f"{APP}.json").read_text())["delete"] == 1
    project.pytg("apply", bundle)
    assert not (project.state(BASE) or {}).get("resources")
    project.pytg("plan", *DEV, "--destroy", "--out", bundle)
    assert "holds no plan" in project.pytg("apply", bundle, expect=6).err
