"""Start one Terraform process and follow it.

Standard output goes to a file that is read while it grows. There is no pipe between the two
processes, and Terraform has a session of its own: pytg may die, and Terraform still finishes
what it began.
"""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import BinaryIO

from pytg.terraform.command import Command, arguments
from pytg.terraform.completed import CHANGES, Completed
from pytg.terraform.event_stream import TEXT, Diagnostic, Event, parse_line
from pytg.terraform.spawn import record_start, spawn

POLL_S = 0.02
STDERR_KEPT = 20_000


class Process:
    """A running Terraform process."""

    def __init__(
        self, command: Command, child: subprocess.Popen[bytes], stdout: Path, stderr: Path
    ) -> None:
        self.pid = child.pid
        self._command = command
        self._child = child
        self._stdout = stdout
        self._stderr = stderr
        self._ended = threading.Event()
        self._lock = threading.Lock()
        self._interrupted = False
        self._killed = False
        self._strays = False
        self._diagnostics: list[Diagnostic] = []
        self._events = self._follow()
        threading.Thread(target=self._reap, name=f"terraform-{self.pid}", daemon=True).start()

    def events(self) -> Iterator[Event]:
        """Each event as it is written, until the process has ended; an event comes once."""
        return self._events

    def interrupt(self) -> None:
        """Ask it to stop: one SIGINT, however often this is called.

        Terraform then finishes the operations that are under way and writes its state; a
        second SIGINT would make it give both up.
        """
        with self._lock:
            if not self._interrupted and not self._ended.is_set():
                self._interrupted = True
                with contextlib.suppress(ProcessLookupError):
                    os.kill(self.pid, signal.SIGINT)

    def kill(self) -> None:
        """End it and its providers at once. Its lock and its last resources may stay behind."""
        with self._lock:
            if not self._ended.is_set():
                self._killed = True
                with contextlib.suppress(ProcessLookupError):
                    os.killpg(self.pid, signal.SIGKILL)

    def pause(self, seconds: float) -> bool:
        """Wait up to `seconds` for its end; whether it has ended."""
        return self._ended.wait(seconds)

    def wait(self) -> Completed:
        """Wait for its end, reading the events that nobody has read."""
        for _ in self._events:
            pass
        self._ended.wait()
        code = self._child.returncode
        return Completed(
            name=self._command.name,
            exit_code=code,
            diagnostics=tuple(self._diagnostics),
            stderr=_tail(self._stderr),
            interrupted=self._interrupted,
            killed=self._killed,
            changes=code == CHANGES and "detailed_exitcode" in self._command.options,
            strays=self._strays,
        )

    def _reap(self) -> None:
        self._child.wait()
        with self._lock:
            self._ended.set()

    def _follow(self) -> Iterator[Event]:
        with self._stdout.open("rb") as file:
            rest = b""
            while True:
                ended = self._ended.is_set()  # before reading: what it wrote last is then there
                *lines, rest = (rest + file.read()).split(b"\n")
                yield from self._parse([*lines, rest] if ended else lines)
                if ended:
                    return
                self._ended.wait(POLL_S)

    def _parse(self, lines: Sequence[bytes]) -> Iterator[Event]:
        for line in lines:
            if not line.strip():
                continue
            event = parse_line(line.decode(errors="replace"))
            self._strays |= event.type == TEXT
            if (diagnostic := event.diagnostic) is not None:
                self._diagnostics.append(diagnostic)
            yield event


def start(  # noqa: PLR0917 - what every process has, and nothing optional
    binary: Path,
    workdir: Path,
    command: Command,
    env: Mapping[str, str],
    stdout: Path,
    stderr: Path,
    *,
    record: Path | None = None,
    hold: int | None = None,
) -> Process:
    """Start `command` in `workdir` with exactly `env`.

    `stdout` and `stderr` are written anew, readable by their owner only. `record` is a JSON
    Lines file that gets one object for each process started: `argv`, `cwd`, and its identity.
    `hold` is a descriptor that the process inherits and never closes.
    Raises UnitFailed when the process cannot be started, and OSError, once it has ended, where
    that cannot be noted.
    """
    argv = arguments(binary, command)
    with _private(stdout) as out, _private(stderr) as err:
        child = spawn(argv, workdir, env, out, err, hold=hold)
    process = Process(command, child, stdout, stderr)
    try:
        if record is not None:
            record_start(record, argv, workdir, child.pid)
    except OSError:  # nobody would follow it
        process.interrupt()
        process.wait()
        raise
    return process


def run(  # noqa: PLR0917 - what every process has, and nothing optional
    binary: Path,
    workdir: Path,
    command: Command,
    env: Mapping[str, str],
    stdout: Path,
    stderr: Path,
    *,
    record: Path | None = None,
    hold: int | None = None,
    on_event: Callable[[Event], None] | None = None,
    on_start: Callable[[Process], None] | None = None,
    cancel: threading.Event | None = None,
    kill: threading.Event | None = None,
) -> Completed:
    """Start `command` and follow it to its end; arguments as for `start`.

    `cancel` set: one SIGINT, and waiting goes on. `kill` set: ended at once. An exception in
    `on_event` interrupts the process, waits for it, and goes on to the caller.
    """
    process = start(binary, workdir, command, env, stdout, stderr, record=record, hold=hold)
    watch = threading.Thread(target=_watch, args=(process, cancel, kill), daemon=True)
    if cancel is not None or kill is not None:
        watch.start()
    try:
        if on_start is not None:
            on_start(process)
        for event in process.events():
            if on_event is not None:
                on_event(event)
    except BaseException:
        process.interrupt()
        process.wait()
        raise
    return process.wait()


def _watch(process: Process, cancel: threading.Event | None, kill: threading.Event | None) -> None:
    while not process.pause(POLL_S):
        if kill is not None and kill.is_set():
            process.kill()
        elif cancel is not None and cancel.is_set():
            process.interrupt()


def _private(path: Path) -> BinaryIO:
    path.parent.mkdir(parents=True, exist_ok=True)
    return os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb")


def _tail(path: Path) -> str:
    if not path.exists():  # somebody cleared the directory of the run
        return ""
    with path.open("rb") as file:
        file.seek(max(0, path.stat().st_size - STDERR_KEPT))
        return file.read().decode(errors="replace")
