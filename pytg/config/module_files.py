"""Which files of a directory Terraform, or OpenTofu, reads as a module, and in which order."""

from __future__ import annotations

from pathlib import Path

LOCAL = ("./", "../")  # so begins the source of a module in a directory of the project
TERRAFORM = "terraform"
OPENTOFU = "opentofu"
_SUFFIXES = {TERRAFORM: (".tf", ".tf.json"), OPENTOFU: (".tf", ".tf.json", ".tofu", ".tofu.json")}


def module_files(directory: Path, flavour: str = TERRAFORM) -> tuple[list[Path], list[Path]]:
    """The files that declare, and those that override what these declare, in order.

    `flavour` is that of the binary. OpenTofu reads `x.tofu` in place of `x.tf`, which Terraform
    does not look at. Names that editors give their own files are ignored, as Terraform does.
    """
    if not directory.is_dir():
        return [], []
    found = {
        path.name: path
        for path in sorted(directory.iterdir())
        if _suffix(path.name, flavour) and not _ignored(path.name) and not path.is_dir()
    }
    hidden = {name.replace(".tofu", ".tf") for name in found if ".tofu" in name}
    kept = [path for name, path in found.items() if name not in hidden]
    overriding = [path for path in kept if _overrides(path.name, flavour)]
    return [path for path in kept if path not in overriding], overriding


def _suffix(name: str, flavour: str) -> str:
    suffixes = _SUFFIXES.get(flavour, _SUFFIXES[TERRAFORM])
    return max((suffix for suffix in suffixes if name.endswith(suffix)), key=len, default="")


def _ignored(name: str) -> bool:
    edited = name.startswith("#") and name.endswith("#")
    return name.startswith(".") or name.endswith("~") or edited


def _overrides(name: str, flavour: str) -> bool:
    base = name.removesuffix(_suffix(name, flavour))
    return base == "override" or base.endswith("_override")
