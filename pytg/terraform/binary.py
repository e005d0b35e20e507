"""Find the Terraform (or OpenTofu) binary and its version."""

from __future__ import annotations

import json
import os
import platform
import shutil
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic_core import from_json

from pytg.errors import Refused
from pytg.files import write_if_changed
from pytg.terraform.versions import satisfies

_MACHINES = {"x86_64": "amd64", "amd64": "amd64", "aarch64": "arm64", "arm64": "arm64"}
CACHE = Path(".pytg/cache/terraform-version.json")
HINT = (
    "install Terraform, or run `python -m pytg.terraform.fetch`, "
    "or name a binary with PYTG_TERRAFORM or `terraform.binary` in config.yaml"
)


@dataclass(frozen=True, slots=True)
class Binary:
    """`path` is absolute; `flavour` is `terraform` or `opentofu`."""

    path: Path
    version: str
    flavour: str

    def require(self, constraint: str) -> None:
        """Raises Refused when the version does not meet `constraint`, or that is none.

        A prerelease counts as its release, as Terraform and OpenTofu take themselves.
        """
        try:
            fits = satisfies(self.version.partition("-")[0], constraint)
        except ValueError as error:
            raise Refused(f"`terraform.version` in config.yaml: {error}") from error
        if not fits:
            raise Refused(
                f"{self.path} is {self.flavour} {self.version}; config.yaml wants {constraint}",
                hint="install a version that fits, or change `terraform.version` in config.yaml",
            )


def find_terraform(
    configured: str,
    root: Path,
    *,
    environ: Mapping[str, str] = os.environ,
) -> Binary:
    """The binary for the project at `root`.

    In this order: `PYTG_TERRAFORM`; `configured`, a name on PATH or a path that may be relative
    to `root`; where `pytg.terraform.fetch` puts one. The version is cached in the project, so
    that a known binary is not started for it. Raises Refused.
    """
    path = locate(configured, root, environ)
    if path is None:
        wanted = environ.get("PYTG_TERRAFORM") or configured
        why = _unusable(wanted, root)
        raise Refused(f"no Terraform: {wanted!r} {why}", hint=HINT)
    return _from_cache(path, root) or _ask(path, root)


def locate(configured: str, root: Path, environ: Mapping[str, str] = os.environ) -> Path | None:
    """The path alone, without starting anything; None when there is none."""
    if named := environ.get("PYTG_TERRAFORM"):
        return _executable(named, root, environ)
    found = _executable(configured, root, environ)
    if found is not None or configured != "terraform":
        return found
    return _executable(str(user_tools(environ) / "terraform"), root, environ)


def known_flavour(configured: str, root: Path, environ: Mapping[str, str] = os.environ) -> str:
    """`terraform` or `opentofu`, as far as it is known without starting anything."""
    path = locate(configured, root, environ)
    known = _from_cache(path, root) if path else None
    if known is not None:
        return known.flavour
    named = path or Path(environ.get("PYTG_TERRAFORM") or configured)
    return "opentofu" if named.name.startswith("tofu") else "terraform"


def user_tools(environ: Mapping[str, str] = os.environ) -> Path:
    """The user's own directory for a fetched binary, shared by all projects."""
    cache = environ.get("XDG_CACHE_HOME") or str(Path("~/.cache").expanduser())
    return Path(cache) / "pytg" / "bin"


def host_platform() -> str:
    """The platform of this machine as Terraform names it, such as `linux_amd64`."""
    machine = platform.machine().lower()
    return f"{platform.system().lower()}_{_MACHINES.get(machine, machine)}"


def _unusable(named: str, root: Path) -> str:
    """Why nothing can be started by that name."""
    path = root / Path(named).expanduser()
    if not _is_path(named) or not path.exists():
        return "is not there"
    return "is a directory" if path.is_dir() else "may not be executed"


def _is_path(named: str) -> bool:
    return os.sep in named or named.startswith("~")


def _executable(named: str, root: Path, environ: Mapping[str, str]) -> Path | None:
    if _is_path(named):
        named = str(root / Path(named).expanduser())
    found = shutil.which(named, path=environ.get("PATH", os.defpath))
    return Path(found).absolute() if found else None


def _identity(path: Path) -> dict[str, Any]:
    stat = path.stat()
    return {"path": str(path), "mtime_ns": stat.st_mtime_ns, "size": stat.st_size}


def _from_cache(path: Path, root: Path) -> Binary | None:
    try:
        cached = from_json((root / CACHE).read_bytes())
        if cached["binary"] == _identity(path):
            return Binary(path, str(cached["version"]), str(cached["flavour"]))
    except (OSError, ValueError, KeyError, TypeError):
        pass  # no cache, or not one of ours: ask the binary
    return None


def _is_script(path: Path) -> bool:
    """A version manager's shim: which Terraform it starts cannot be seen from its file."""
    with path.open("rb") as file:
        return file.read(2) == b"#!"


def _ask(path: Path, root: Path) -> Binary:
    binary = read_version(path)
    entry = {"binary": _identity(path), "version": binary.version, "flavour": binary.flavour}
    if (root / "config.yaml").is_file() and not _is_script(path):
        write_if_changed(root / CACHE, json.dumps(entry, indent=1) + "\n")
    return binary


def read_version(path: Path) -> Binary:
    """Start `path` for its version. Raises Refused when it is not Terraform or OpenTofu."""
    argv = [str(path), "version", "-json"]
    env = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("TF_", "TERRAFORM_CONFIG"))
    } | {"CHECKPOINT_DISABLE": "1"}
    try:
        ended = subprocess.run(
            argv, env=env, stdin=subprocess.DEVNULL, capture_output=True, check=False
        )
    except OSError as error:
        raise Refused(f"cannot start {path}: {error}", hint=HINT) from error
    try:
        said = from_json(ended.stdout)
        version = str(said["terraform_version"])
    except (ValueError, KeyError, TypeError) as error:
        words = (ended.stderr or ended.stdout).decode(errors="replace").strip()
        text = words or "it says nothing of its version"
        raise Refused(f"{path} does not behave like Terraform: {text}", hint=HINT) from error
    # OpenTofu took this key out, together with the check for newer versions
    return Binary(path, version, "terraform" if "terraform_outdated" in said else "opentofu")
