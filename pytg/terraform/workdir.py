"""A working directory: its generated files, and `terraform init` only when it is needed."""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import json
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

from pydantic_core import from_json

from pytg.errors import Interrupted, Refused
from pytg.files import write_if_changed
from pytg.generate.write import write_files
from pytg.terraform.binary import Binary
from pytg.terraform.command import FLAG, Command
from pytg.terraform.completed import Completed
from pytg.terraform.installed import is_installed
from pytg.terraform.process import run
from pytg.terraform.versions import Version

FINGERPRINT = Path(".terraform/pytg-init.json")
LOCK = ".pytg.lock"
LOCK_WAIT_S = 300.0
_TOFU_JSON = (1, 10)  # since when OpenTofu's init writes JSON, as far as that was tried


class InitFailed(Refused):
    """`terraform init` failed; `completed` has what it said."""

    def __init__(self, workdir: Path, completed: Completed) -> None:
        self.completed = completed
        super().__init__(
            f"terraform init failed in {workdir}\n{completed.explain()}",
            hint="`pytg doctor` shows whether a binary, provider or backend is missing",
        )


def prepare(
    binary: Binary,
    workdir: Path,
    files: Mapping[str, str],
    env: Mapping[str, str],
    *,
    init_key: str,
    logs: Path | None = None,
    options: Mapping[str, object] | None = None,
    record: Path | None = None,
    cancel: threading.Event | None = None,
    kill: threading.Event | None = None,
    lock_timeout: float = LOCK_WAIT_S,
) -> bool:
    """Write `files` and run `terraform init` if needed; returns whether it ran.

    `init_key` is any text that changes when provider requirements, the backend block or the
    module calls change: the text of the files that hold them will do. Together with the
    binary and the CLI configuration it decides whether init has to run. `options` go to init
    as they are (`reconfigure`, `migrate_state`, ...). `logs` is the directory for `init.jsonl`
    and `init.stderr`; by default `workdir`. `lock_timeout` is how long to wait, in seconds, for
    others that prepare the same directory. Raises InitFailed with Terraform's words, Refused, or
    Interrupted.
    """
    workdir.mkdir(parents=True, exist_ok=True)
    with locked(workdir / LOCK, cancel, timeout_s=lock_timeout):
        write_files(workdir, files)
        wanted = {
            "key": _digest(init_key),
            "tool": _digest(f"{binary.path}\n{binary.version}\n{_cli_config(env)}"),
        }
        known = _known(workdir)
        there = _providers_there(workdir) and is_installed(workdir, binary.flavour)
        if known == wanted and there:
            return False
        chosen: dict[str, object] = {"input": False, "no_color": FLAG}
        if known.get("key", wanted["key"]) != wanted["key"]:
            chosen["upgrade"] = True  # the lock file beside it may hold a version no longer wanted
        chosen |= options or {}
        with _plugin_cache(env, cancel):
            _init(
                binary,
                workdir,
                env,
                chosen,
                logs or workdir,
                record=record,
                cancel=cancel,
                kill=kill,
            )
        write_if_changed(workdir / FINGERPRINT, json.dumps(wanted) + "\n")
        return True


def init_again(
    binary: Binary,
    workdir: Path,
    env: Mapping[str, str],
    *,
    logs: Path | None = None,
    record: Path | None = None,
    cancel: threading.Event | None = None,
    kill: threading.Event | None = None,
) -> None:
    """Run init in a directory that was prepared, for Terraform says that it is needed."""
    with locked(workdir / LOCK, cancel):
        known = _known(workdir)
        chosen = {"input": False, "no_color": FLAG}
        with _plugin_cache(env, cancel):
            where = logs or workdir
            _init(binary, workdir, env, chosen, where, record=record, cancel=cancel, kill=kill)
        if known:
            write_if_changed(workdir / FINGERPRINT, json.dumps(known) + "\n")


@contextlib.contextmanager
def locked(
    path: Path,
    cancel: threading.Event | None = None,
    *,
    timeout_s: float = LOCK_WAIT_S,
    holder: Callable[[], str] = str,
    on_wait: Callable[[], object] = str,
) -> Iterator[None]:
    """Hold `path` as a lock between processes and threads; calls `on_wait` where it has to wait.

    The system gives it up when its holder dies. Raises Refused after `timeout_s`, with what
    `holder` says of who has it, and Interrupted when `cancel` is set while waiting.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    until = time.monotonic() + timeout_s
    with path.open("a") as file:
        free = _try_lock(file.fileno())
        if not free:
            on_wait()
        while not (free or _try_lock(file.fileno())):
            if cancel is not None and cancel.is_set():
                raise Interrupted(f"interrupted while waiting for {path}")
            if time.monotonic() > until:
                raise Refused(
                    f"another process has held {path} for {timeout_s:.0f} s{holder()}",
                    hint="wait for the other pytg to end; a run waits as long as "
                    "`--lock-timeout SECONDS` says",
                )
            time.sleep(0.05)
        yield


@contextlib.contextmanager
def locked_if_free(path: Path) -> Iterator[bool]:
    """Hold `path` as such a lock, without waiting; False where somebody else holds it."""
    with path.open("a") as file:
        yield _try_lock(file.fileno())


def _try_lock(descriptor: int) -> bool:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _init(
    binary: Binary,
    workdir: Path,
    env: Mapping[str, str],
    options: Mapping[str, object],
    logs: Path,
    *,
    record: Path | None,
    cancel: threading.Event | None,
    kill: threading.Event | None,
) -> None:
    speaks = binary.flavour == "terraform" or Version.parse(binary.version).numbers >= _TOFU_JSON
    json_stream = {"json": True} if speaks else {}
    (workdir / FINGERPRINT).unlink(missing_ok=True)
    completed = run(
        binary.path,
        workdir,
        Command("init", {**options, **json_stream}),
        env,
        logs / "init.jsonl",
        logs / "init.stderr",
        record=record,
        cancel=cancel,
        kill=kill,
    )
    if completed.interrupted or completed.killed:
        raise Interrupted(f"terraform init was interrupted in {workdir}")
    if not completed.ok:
        raise InitFailed(workdir, completed)


def _plugin_cache(
    env: Mapping[str, str], cancel: threading.Event | None
) -> contextlib.AbstractContextManager[None]:
    """Terraform's plugin cache must not be written by two inits at once."""
    cache = env.get("TF_PLUGIN_CACHE_DIR")
    return locked(Path(cache) / LOCK, cancel) if cache else contextlib.nullcontext()


def _known(workdir: Path) -> dict[str, str]:
    try:
        known = from_json((workdir / FINGERPRINT).read_bytes())
    except (OSError, ValueError):
        return {}
    return known if isinstance(known, dict) else {}


def _providers_there(workdir: Path) -> bool:
    """False when a provider's directory is a link to a mirror or cache that has gone."""
    installed = (workdir / ".terraform/providers").glob("*/*/*/*/*")
    return all(path.exists() for path in installed)


def _cli_config(env: Mapping[str, str]) -> str:
    path = Path(env.get("TF_CLI_CONFIG_FILE") or Path(env.get("HOME", "/")) / ".terraformrc")
    try:
        return path.read_text(encoding="utf-8")
    except OSError:
        return ""


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()
