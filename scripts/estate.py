"""A copy of this repository's estate, to work in without touching what is there."""

from __future__ import annotations

import shutil
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
ZIPS = Path("build", "lambda")
PARTS = ("config.yaml", "live", "modules")


def copy_estate(directory: Path) -> Path:
    """Put the estate into `directory`, in place of what was there; the Lambda zips by link."""
    shutil.rmtree(directory, ignore_errors=True)
    directory.mkdir(parents=True)
    for part in PARTS:
        source = ROOT / part
        (shutil.copytree if source.is_dir() else shutil.copy2)(source, directory / part)
    (directory / "build").mkdir()
    (directory / ZIPS).symlink_to(ROOT / ZIPS)
    return directory
