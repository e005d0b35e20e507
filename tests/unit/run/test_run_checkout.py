"""A protected environment and the git tree that it is changed from."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from run_words import at
from run_world import Person, World

from pytg.errors import Interrupted, Refused
from pytg.generate.unit import unit_directory
from pytg.run.checkout import refuse_uncommitted
from pytg.run.pipeline import apply

Make = Callable[..., World]


def git(root: Path, *arguments: str) -> None:
    who = ("-c", "user.name=a", "-c", "user.email=a@example.com", "-c", "commit.gpgsign=false")
    subprocess.run(["git", *who, *arguments], cwd=root, check=True, capture_output=True)


@pytest.fixture
def world(make: Make) -> World:
    """`a` is protected, `dev` is not; all is committed."""
    made = make(reads={"a": (), "dev": ()}, traits={"a": {"protected": True}})
    root = made.estate.root
    (root / "live").mkdir(exist_ok=True)
    (root / "config.yaml").write_text("project: p\n")
    (root / ".gitignore").write_text(".pytg\n")
    git(root, "init", "--initial-branch", "main")
    git(root, "add", ".")
    git(root, "commit", "--message", "all")
    return made


def test_a_clean_tree_may_change_it(world: World) -> None:
    refuse_uncommitted(world.execution())


@pytest.mark.parametrize(
    "path", ["config.yaml", "live/new account.yaml", "modules/a/main.tf", "modules/a/new.tf"]
)
def test_what_is_not_committed_is_named(world: World, path: str) -> None:
    file = world.estate.root / path
    file.write_text("project: q\n")
    with pytest.raises(Refused, match="clean git tree") as caught:
        apply(world.execution())
    assert path in caught.value.message
    refuse_uncommitted(world.execution("dev"))
    refuse_uncommitted(world.execution(allow_dirty=True))


@pytest.mark.parametrize("name", ["policy/net[1].py", "policy", "--policy=policy"])
def test_a_program_that_looks_at_plans_is_committed(world: World, name: str) -> None:
    file = world.estate.root / "policy" / "net[1].py"
    file.parent.mkdir()
    file.touch()
    refuse_uncommitted(world.execution())
    world.estate = replace(
        world.estate, checks={"net": ("python3", name, ".", "{plan}", "a" * 300)}
    )
    with pytest.raises(Refused, match="clean git tree") as caught:
        refuse_uncommitted(world.execution())
    assert "policy/net[1].py" in caught.value.message
    git(world.estate.root, "add", ".")
    git(world.estate.root, "commit", "--message", "more")
    refuse_uncommitted(world.execution())


def test_a_file_that_an_input_names_is_committed(world: World) -> None:
    file = world.estate.root / "policies" / "a.json"
    file.parent.mkdir()
    file.touch()
    unit = world.estate.units[at("a")]
    directory = unit_directory(world.estate, unit)
    inputs = {"file": os.path.relpath(file, directory), "arn": "arn:aws:s3:::a/*", "up": "../.."}
    units = {**world.estate.units, at("a"): replace(unit, inputs=inputs)}
    world.estate = replace(world.estate, units=units)
    with pytest.raises(Refused, match="clean git tree") as caught:
        refuse_uncommitted(world.execution())
    assert "policies/a.json" in caught.value.message
    assert len(caught.value.message.splitlines()) == 2


def test_what_a_module_calls_and_reads_is_committed(world: World) -> None:
    root = world.estate.root
    main = root / "modules/a/main.tf"
    called = 'module "b" { source = "../../shared/b" }\n'
    main.write_text(f'{called}locals {{ c = file("${{path.module}}/../../shared/c.txt") }}\n')
    for name in ("shared/b/main.tf", "shared/c.txt"):
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).touch()
    git(root, "add", ".")
    git(root, "commit", "--message", "more")
    refuse_uncommitted(world.execution())
    for name in ("shared/b/main.tf", "shared/c.txt"):
        (root / name).write_text("# edited")
        with pytest.raises(Refused, match=name):
            refuse_uncommitted(world.execution())
        (root / name).write_text("")


def test_a_file_that_pytg_does_not_read_is_nobodys_business(world: World) -> None:
    (world.estate.root / "notes.txt").write_text("x")
    refuse_uncommitted(world.execution())


def test_a_moved_and_a_deleted_file_are_named_once(world: World) -> None:
    root = world.estate.root
    git(root, "mv", "modules/a/main.tf", "modules/a/moved here.tf")
    (root / "config.yaml").unlink()
    with pytest.raises(Refused) as caught:
        refuse_uncommitted(world.execution())
    assert [line.strip() for line in caught.value.message.splitlines()[1:]] == [
        "config.yaml",
        "modules/a/moved here.tf",
    ]


def test_of_many_files_the_first_are_named(world: World) -> None:
    for number in range(25):
        (world.estate.root / "live" / f"{number:02}.yaml").touch()
    with pytest.raises(Refused) as caught:
        refuse_uncommitted(world.execution())
    *_, last, more = caught.value.message.splitlines()
    assert (last.strip(), more.strip()) == ("live/19.yaml", "and 5 more")


def test_a_tree_that_is_behind_its_upstream_is_stale(world: World, tmp_path: Path) -> None:
    root, other = world.estate.root, tmp_path / "other"
    git(tmp_path, "clone", str(root), str(other))
    git(other, "commit", "--allow-empty", "--message", "newer")
    git(root, "remote", "add", "origin", str(other))
    git(root, "fetch", "origin")
    git(root, "branch", "--set-upstream-to", "origin/main")
    with pytest.raises(Refused, match="1 commits behind"):
        refuse_uncommitted(world.execution())
    git(root, "merge", "origin/main")
    refuse_uncommitted(world.execution())


def test_without_git_nobody_knows(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/nowhere")
    with pytest.raises(Refused, match=r"cannot see whether .* git cannot be started"):
        refuse_uncommitted(world.execution())


def test_outside_of_a_git_tree_there_is_nothing_to_refuse(world: World) -> None:
    shutil.rmtree(world.estate.root / ".git")
    refuse_uncommitted(world.execution())


def test_a_tree_that_git_does_not_read_is_refused(world: World) -> None:
    (world.estate.root / ".git" / "HEAD").write_text("damaged")
    with pytest.raises(Refused, match="cannot see whether"):
        refuse_uncommitted(world.execution())


def test_the_name_is_typed_where_something_protected_changes(world: World) -> None:
    world.plans("a", "dev")
    person = Person("n")
    with pytest.raises(Interrupted):
        apply(world.execution(confirm=person))
    assert person.typed == [f"{at('a').account}/{at('a').environment}"]
