"""Start a process; run a command for what it prints, or for a person on their terminal."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import IO, BinaryIO

from pytg.errors import UnitFailed
from pytg.processes import ProcessId
from pytg.terraform.command import Command, arguments


def capture(
    binary: Path,
    workdir: Path,
    command: Command,
    env: Mapping[str, str],
    *,
    record: Path | None = None,
) -> str:
    """What a short reading command prints, such as `show -json`.

    Nothing is put on disk, for Terraform prints sensitive values there in clear. Raises
    UnitFailed with Terraform's words.
    """
    argv = arguments(binary, command)
    child = spawn(argv, workdir, env, subprocess.PIPE, subprocess.PIPE)
    if record is not None:
        record_start(record, argv, workdir, child.pid)
    out, err = child.communicate()
    if child.returncode != 0:
        raise UnitFailed(f"terraform {command.name} failed in {workdir}\n{err.decode().strip()}")
    return out.decode()


def attach(
    binary: Path,
    workdir: Path,
    command: Command,
    env: Mapping[str, str],
    *,
    on_error: Callable[[str], None] | None = None,
) -> int:
    """Run `command` on this process's own terminal, for a person; returns the exit code.

    `on_error` is told all that it wrote on standard error, which is passed on meanwhile. Ctrl-C
    reaches Terraform through the terminal, and pytg waits for it. Main thread only.
    """
    argv = arguments(binary, command)
    before = signal.signal(signal.SIGINT, lambda *_: None)
    try:
        errors = None if on_error is None else subprocess.PIPE
        child = subprocess.Popen(argv, cwd=workdir, env=dict(env), stderr=errors)
        if on_error is not None and child.stderr is not None:
            on_error(_passed_on(child.stderr))
        return child.wait()
    finally:
        signal.signal(signal.SIGINT, before)


def _passed_on(stream: IO[bytes]) -> str:
    """What comes from `stream`, which goes to this process's standard error as it comes."""
    said = b""
    while part := os.read(stream.fileno(), 65536):
        sys.stderr.buffer.write(part)
        sys.stderr.flush()
        said = (said + part)[-1_000_000:]
    return said.decode(errors="replace")


def spawn(
    argv: Sequence[str],
    workdir: Path,
    env: Mapping[str, str],
    stdout: BinaryIO | int,
    stderr: BinaryIO | int,
    *,
    hold: int | None = None,
) -> subprocess.Popen[bytes]:
    """Start `argv` in a session of its own, without standard input. Raises UnitFailed.

    `hold` is a descriptor that it inherits.
    """
    try:
        return subprocess.Popen(
            argv,
            cwd=workdir,
            env=dict(env),
            stdin=subprocess.DEVNULL,
            stdout=stdout,
            stderr=stderr,
            start_new_session=True,
            pass_fds=() if hold is None else (hold,),
        )
    except OSError as error:
        raise UnitFailed(f"cannot start {argv[0]} in {workdir}: {error}") from error


def record_start(record: Path, argv: Sequence[str], cwd: Path, pid: int) -> None:
    """Append one started process to `record`: its arguments, its directory, and its identity."""
    line = {"argv": list(argv), "cwd": str(cwd), **asdict(ProcessId.of(pid))}
    record.parent.mkdir(parents=True, exist_ok=True)
    with record.open("a", encoding="utf-8") as file:
        file.write(json.dumps(line) + "\n")
