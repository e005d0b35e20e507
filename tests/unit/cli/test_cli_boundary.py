"""What the system refuses is told with its place and a remedy."""

from __future__ import annotations

import errno
import os
import subprocess
import sys
from pathlib import Path

import click
import pytest

from pytg.cli._boundary import boundary


def failing(error: OSError) -> click.Command:
    def body() -> None:
        raise error

    return click.Command("broken", callback=body)


@pytest.mark.parametrize(
    ("error", "lines"),
    [
        (
            OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), "/project/.pytg/x"),
            ["error: /project/.pytg/x: No space left on device", "make room there"],
        ),
        (
            OSError(errno.EROFS, os.strerror(errno.EROFS), str(Path("/project"))),
            ["error: /project: Read-only file system", "it must be writable"],
        ),
        (
            OSError(errno.EPERM, os.strerror(errno.EPERM), "/project/.pytg/runs"),
            ["error: /project/.pytg/runs: Operation not permitted", "immutable"],
        ),
        (OSError(errno.ENOSPC, "No space left on device"), ["error: No space left", "make room"]),
        (OSError("odd"), ["error: odd"]),
    ],
)
def test_an_error_of_the_system(
    error: OSError,
    lines: list[str],
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("sys.argv", ["pytg"])
    assert boundary(failing(error)) == 1
    said = capsys.readouterr().err.splitlines()
    assert len(said) == len(lines)
    for line, expected in zip(said, lines, strict=True):
        assert expected in line


@pytest.mark.parametrize("closed", ["0<&-", "1>&-", "2>&-", "0<&- 1>&- 2>&-"])
def test_without_a_standard_stream_it_works_all_the_same(estate_root: Path, closed: str) -> None:
    """What is printed must not end up in the file that is opened next."""
    command = f'exec {closed}; "{sys.executable}" -m pytg.cli.main -C "{estate_root}" ls'
    done = subprocess.run(["sh", "-c", command], check=False, capture_output=True)
    assert done.returncode == 0
    if "1>" not in closed:
        assert b"docs/us-east-1/dev/kms" in done.stdout


@pytest.mark.parametrize("stream", ["stdout", "stderr"])
def test_a_reader_that_leaves_changes_neither_the_work_nor_its_exit_code(
    tmp_path: Path, stream: str
) -> None:
    """As `pytg apply-all | head -3`."""
    done = tmp_path / "done"
    body = f"""
import click, pathlib, sys
from pytg.cli._boundary import boundary
def body():
    for _ in range(10_000):
        click.echo("x" * 100, err={stream == "stderr"})
    print("more", file=sys.{stream}, flush=True)
    pathlib.Path({str(done)!r}).touch()
    return 5
sys.exit(boundary(click.Command("talks", callback=body)))
"""
    read, write = os.pipe()
    os.close(read)
    outlet = {stream: write}
    ended = subprocess.run([sys.executable, "-c", body], check=False, **outlet)
    os.close(write)
    assert ended.returncode == 5
    assert done.exists()
