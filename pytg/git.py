"""What git knows of a project: the files of a commit, and those that it does not ignore now."""

from __future__ import annotations

import contextlib
import os
import subprocess
import tempfile
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from pytg.errors import Refused, UsageError

MERGE_BASE = "..."


@dataclass(frozen=True, slots=True)
class Repository:
    """A git repository by the directory that its work tree begins at."""

    top: Path

    @classmethod
    def around(cls, directory: Path) -> Repository:
        """The repository that holds `directory`. Raises Refused where there is none, or no git."""
        done = _git(directory, "rev-parse", "--show-toplevel")
        if done.returncode:
            raise Refused(
                f"{directory} is in no git repository: {_said(done)}",
                hint="without one, `state:modified` compares with what was applied from here",
            )
        return cls(Path(os.fsdecode(done.stdout).rstrip("\n")).resolve())

    def commit(self, ref: str) -> str:
        """The hash of `ref`; of `REF...`, of the commit in which REF and HEAD parted.

        Raises UsageError where git finds none.
        """
        if ref.endswith(MERGE_BASE):
            name = ref.removesuffix(MERGE_BASE)
            done = _git(self.top, "merge-base", self.commit(name), "HEAD")
        else:
            done = _git(
                self.top,
                "rev-parse",
                "--verify",
                "--quiet",
                "--end-of-options",
                f"{ref}^{{commit}}",
            )
        if done.returncode:
            raise UsageError(
                f"git knows no commit `{ref}` in {self.top}{_because(done)}",
                hint="fetch it first; a clone that is shallow lacks what lies behind its depth",
            )
        return os.fsdecode(done.stdout).strip()

    @contextlib.contextmanager
    def tree(self, commit: str) -> Iterator[Path]:
        """The files of `commit`, in a directory that is removed afterwards.

        Nothing in the repository changes: neither its index nor its list of work trees. Raises
        Refused where git cannot write them.
        """
        with tempfile.TemporaryDirectory(prefix="pytg-git-") as name:
            directory = Path(name).resolve()
            files = directory / "tree"
            files.mkdir()
            own = {"GIT_INDEX_FILE": str(directory / "index")}
            self._must("read-tree", commit, environ=own)
            self._must("checkout-index", "--all", f"--prefix={files}/", environ=own)
            yield files

    def files(self) -> frozenset[Path]:
        """The files of now, resolved: tracked ones and new ones, without those that are ignored."""
        out = self._must("ls-files", "-z", "--cached", "--others", "--exclude-standard")
        return frozenset((self.top / os.fsdecode(name)).resolve() for name in out.split(b"\0"))

    def status(self, paths: Iterable[Path]) -> list[str]:
        """What is changed, staged or new below `paths`, and how far the branch is behind.

        The lines of `git status --porcelain=v2 --branch`, as its help describes them. Raises
        Refused where git cannot tell.
        """
        options = ["--porcelain=v2", "--branch", "--untracked-files=all"]
        names = {"GIT_LITERAL_PATHSPECS": "1"}  # else `*` and `[` in one are patterns
        out = self._must("status", *options, "--", *map(str, paths), environ=names)
        return out.decode(errors="replace").splitlines()

    def _must(self, *arguments: str, environ: Mapping[str, str] = {}) -> bytes:
        done = _git(self.top, *arguments, environ=environ)
        if done.returncode:
            raise Refused(
                f"git {arguments[0]} failed in {self.top}: {_said(done)}",
                hint="`git fsck` looks for damage; a full disk shows here too",
            )
        return done.stdout


def _git(
    directory: Path, *arguments: str, environ: Mapping[str, str] = {}
) -> subprocess.CompletedProcess[bytes]:
    """Run git, which takes no lock that it does not need. Raises Refused where there is none."""
    settings = {**os.environ, "GIT_OPTIONAL_LOCKS": "0", "LC_ALL": "C", **environ}
    try:
        return subprocess.run(
            ["git", *arguments], cwd=directory, env=settings, capture_output=True, check=False
        )
    except OSError as error:
        raise Refused(
            f"git cannot be started: {error.strerror}",
            hint="install git; no other selecting method needs it",
        ) from error


def _said(done: subprocess.CompletedProcess[bytes]) -> str:
    return done.stderr.decode(errors="replace").strip() or f"exit code {done.returncode}"


def _because(done: subprocess.CompletedProcess[bytes]) -> str:
    said = done.stderr.decode(errors="replace").strip()
    return f": {said}" if said else ""
