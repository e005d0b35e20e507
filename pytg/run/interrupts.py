"""Ctrl-C: the first press asks for an orderly end, the second forces it."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field

SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
FIRST = (
    "\npytg: stopping: no unit starts any more, those that run may finish what they are at "
    "(Terraform ends provisioners at once). Press Ctrl-C again to stop them too.\n"
)
SECOND = (
    "\npytg: stopping Terraform now. The record names what may be half done and whose lock may "
    "be left.\n"
)


@dataclass(frozen=True, slots=True)
class Interrupts:
    """`requested`: start nothing more. `forced`: stop what runs."""

    requested: threading.Event = field(default_factory=threading.Event)
    forced: threading.Event = field(default_factory=threading.Event)


def _to_stderr(text: str) -> None:
    with suppress(OSError):  # the terminal may be gone
        os.write(2, text.encode())


@contextmanager
def interrupts(say: Callable[[str], None] = _to_stderr) -> Iterator[Interrupts]:
    """Turn SIGINT, SIGTERM and SIGHUP into events in the block; no KeyboardInterrupt comes.

    SIGTERM and SIGHUP count as the first Ctrl-C, however often they come; a signal that was
    ignored stays so, as for nohup. Outside the main thread, where Python lets nobody handle
    signals, the events are just never set. A thread of its own sets them: a handler that did so
    in the main thread could wait for a lock that this thread holds.
    """
    events = Interrupts()
    if threading.current_thread() is not threading.main_thread():
        yield events
        return
    read, write = os.pipe()
    os.set_blocking(write, False)
    watcher = threading.Thread(target=_watch, args=(read, events, say), daemon=True)
    watcher.start()
    wakeup = signal.set_wakeup_fd(write, warn_on_full_buffer=False)
    handlers = {
        number: signal.signal(number, lambda _number, _frame: None)
        for number in SIGNALS
        if signal.getsignal(number) != signal.SIG_IGN
    }
    try:
        yield events
    finally:
        for number, handler in handlers.items():
            signal.signal(number, handler)
        signal.set_wakeup_fd(wakeup)
        os.close(write)
        watcher.join()
        os.close(read)


def _watch(read: int, events: Interrupts, say: Callable[[str], None]) -> None:
    asked = False
    while numbers := os.read(read, 64):
        for number in numbers:
            if number == signal.SIGINT and asked:
                if not events.forced.is_set():
                    events.forced.set()
                    say(SECOND)
            elif number in SIGNALS and not asked:
                asked = True
                events.requested.set()
                say(FIRST)
