"""What git says of a project; the repository is left as it was."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from pytg.errors import Refused, UsageError
from pytg.git import Repository


def git(root: Path, *arguments: str) -> str:
    own = ("-c", "user.name=t", "-c", "user.email=t@example.org", "-c", "commit.gpgsign=false")
    done = subprocess.run(
        ["git", *own, *arguments], cwd=root, check=True, capture_output=True, text=True
    )
    return done.stdout.strip()


@pytest.fixture
def root(tmp_path: Path) -> Path:
    root = tmp_path / "repository"
    root.mkdir()
    git(root, "init", "-q", "-b", "main")
    (root / ".gitignore").write_text("*.zip\n")
    (root / "a ä.tf").write_text("one")
    git(root, "add", ".")
    git(root, "commit", "-qm", "one")
    return root


def test_the_files_of_a_commit_and_those_of_now(root: Path) -> None:
    (root / "a ä.tf").write_text("two")
    (root / "new.tf").touch()
    (root / "built.zip").touch()
    repository = Repository.around(root)
    index = (root / ".git" / "index").read_bytes()
    with repository.tree(repository.commit("HEAD")) as tree:
        assert (tree / "a ä.tf").read_text() == "one"
        assert not (tree / "new.tf").exists()
    assert not tree.exists()
    assert (root / ".git" / "index").read_bytes() == index
    names = {path.name for path in repository.files() if path.is_file()}
    assert names == {".gitignore", "a ä.tf", "new.tf"}


def test_the_commit_where_two_branches_parted(root: Path) -> None:
    base = git(root, "rev-parse", "HEAD")
    git(root, "checkout", "-qb", "work")
    git(root, "commit", "-q", "--allow-empty", "-m", "mine")
    git(root, "checkout", "-q", "main")
    git(root, "commit", "-q", "--allow-empty", "-m", "theirs")
    theirs = git(root, "rev-parse", "HEAD")
    git(root, "checkout", "-q", "work")
    repository = Repository.around(root)
    assert repository.commit("main") == theirs
    assert repository.commit("main...") == base


@pytest.mark.parametrize("ref", ["nope", "nope...", "--all", ""])
def test_a_commit_that_is_not_there(root: Path, ref: str) -> None:
    with pytest.raises(UsageError, match="git knows no commit"):
        Repository.around(root).commit(ref)


def test_without_a_repository_and_without_git(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(tmp_path.parent))
    with pytest.raises(Refused, match="is in no git repository"):
        Repository.around(tmp_path)
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(Refused, match="git cannot be started"):
        Repository.around(tmp_path)
