"""Whether what `terraform init` left in a directory is what its modules ask for now."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from posixpath import normpath
from typing import Any

from pydantic_core import from_json

from pytg.config.hcl_blocks import parse_hcl
from pytg.config.hcl_tokens import HclError, tokens_of
from pytg.config.module_files import LOCAL
from pytg.generate.module_directories import asked_by
from pytg.terraform.completed import Completed

MODULES = Path(".terraform/modules/modules.json")
LOCK_FILE = Path(".terraform.lock.hcl")
_DEFAULT_HOSTS = ("registry.terraform.io/", "registry.opentofu.org/")
_BUILT_IN = ("terraform", "terraform.io/builtin/terraform")
# in Terraform's words: summaries of diagnostics, and what stands in the details of others
_INIT_NEEDED = (
    "module not installed",
    "required plugins are not installed",
    "inconsistent dependency lock file",
    "backend initialization required",
    "module source has changed",
    "module version requirements have changed",
    "missing required provider",
    'run "terraform init"',
    'run "tofu init"',
    "run: terraform init",
    "run: tofu init",
    "please run terraform init",
)


def needs_init(text: str) -> bool:
    """Whether Terraform says that init has to run first."""
    words = " ".join(text.lower().replace("│", " ").split())
    return any(phrase in words for phrase in _INIT_NEEDED)


def ended_for_want_of_init(completed: Completed) -> bool:
    """Whether a command ended because init has to run first, and for nothing else."""
    errors = completed.errors
    if completed.ok or completed.interrupted or completed.killed:
        return False
    if not errors:
        return needs_init(completed.stderr)
    return all(needs_init(f"{error.summary}\n{error.detail}") for error in errors)


def is_installed(workdir: Path, flavour: str) -> bool:
    """Whether the modules and providers that are asked for are those that are installed.

    What modules.json and the lock file say decides. One that is not there says nothing: whether
    it is needed, Terraform itself knows.
    """
    listed = _listed(workdir / MODULES)
    locked = _locked(workdir / LOCK_FILE)
    waiting = [("", workdir)]
    while waiting:
        key, directory = waiting.pop()
        asked = asked_by(directory, flavour)
        if locked is not None and not {*_needed(asked.providers)} <= locked:
            return False
        for name, source, _ in asked.calls if listed is not None else ():
            below = f"{key}.{name}" if key else name
            entry = (listed or {}).get(below)
            local = source.startswith(LOCAL)
            if entry is None or (local and normpath(str(entry.get("Source"))) != normpath(source)):
                return False
            waiting.append((below, workdir / str(entry.get("Dir", ""))))
    return True


def _listed(path: Path) -> dict[str, dict[str, Any]] | None:
    try:
        modules = from_json(path.read_bytes())["Modules"]
        return {str(entry["Key"]): entry for entry in modules}
    except (OSError, ValueError, KeyError, TypeError):
        return None


def _locked(path: Path) -> set[str] | None:
    try:
        body = parse_hcl(tokens_of(path.read_text(encoding="utf-8")))
    except (OSError, HclError, ValueError):
        return None
    return {_short(block.labels[0]) for block in body.of("provider") if block.labels}


def _needed(providers: tuple[tuple[str, str, str], ...]) -> Iterator[str]:
    for name, source, _ in providers:
        address = _short(source or (name if name in _BUILT_IN else f"hashicorp/{name}"))
        if address not in _BUILT_IN:
            yield address


def _short(source: str) -> str:
    """A provider's source without the host that is meant where none is named."""
    for host in _DEFAULT_HOSTS:
        source = source.removeprefix(host)
    return source.lower() if "/" in source or source in _BUILT_IN else f"hashicorp/{source}"
