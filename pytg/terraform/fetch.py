"""Download the pinned Terraform: `python -m pytg.terraform.fetch [--to DIR] [--if-missing]`.

`PYTG_TERRAFORM_RELEASES` names another place with the layout of the release site.
"""

from __future__ import annotations

import argparse
import hashlib
import http.client
import os
import shutil
import sys
import tempfile
import urllib.error
import urllib.request
import zipfile
from collections.abc import Mapping
from pathlib import Path

from pytg.errors import PytgError, Refused
from pytg.terraform.binary import host_platform, locate, user_tools

VERSION = "1.11.4"
RELEASES = "https://releases.hashicorp.com"
TIMEOUT_S = 60
# SHA-256 of the zip archives, as HashiCorp publishes them with its Homebrew formula
CHECKSUMS = {
    "darwin_amd64": "a56d5002b9f7647291faccc3dd1a70350e60fb61e4c45037629508b8fdc2575b",
    "darwin_arm64": "867e0808fa971217043e25b7a792b10720c79b1546f8a68479b74f138be73e18",
    "linux_amd64": "1ce994251c00281d6845f0f268637ba50c0005657eb3cf096b92f753b42ef4dc",
    "linux_arm64": "a43d1d0da9b9bab214a8305a39db0e40869572594ccf50c416a7756499143633",
}
OTHERWISE = "install Terraform by hand and name it with PYTG_TERRAFORM"


def fetch(
    directory: Path,
    *,
    releases: str = RELEASES,
    target: str | None = None,
    checksums: Mapping[str, str] = CHECKSUMS,
) -> Path:
    """Put the pinned Terraform into `directory` and return its path.

    It appears there whole or not at all. Raises Refused: no such platform, network, a missing
    file, a short one, or a wrong checksum.
    """
    target = target or host_platform()
    if target not in checksums:
        raise Refused(f"no pinned Terraform for {target}", hint=OTHERWISE)
    url = f"{releases.rstrip('/')}/terraform/{VERSION}/terraform_{VERSION}_{target}.zip"
    directory.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=directory, prefix=".fetch-") as scratch:
        archive = Path(scratch) / "terraform.zip"
        _download(url, archive)
        _verify(url, archive, checksums[target])
        binary = _unpack(url, archive, Path(scratch))
        binary.chmod(0o755)
        return binary.replace(directory / "terraform")


def _download(url: str, to: Path) -> None:
    try:
        with urllib.request.urlopen(url, timeout=TIMEOUT_S) as answer, to.open("wb") as file:  # noqa: S310 - the address is the release site's or the user's
            shutil.copyfileobj(answer, file)
            wanted = answer.headers.get("Content-Length")
    except urllib.error.HTTPError as error:
        raise Refused(f"{url} answers {error.code} {error.reason}", hint=OTHERWISE) from error
    except (OSError, http.client.HTTPException, ValueError) as error:
        reason = getattr(error, "reason", error)
        raise Refused(f"cannot download {url}: {reason}", hint=OTHERWISE) from error
    if wanted is not None and to.stat().st_size != int(wanted):
        raise Refused(
            f"{url} broke off after {to.stat().st_size} of {wanted} bytes", hint="try again"
        )


def _verify(url: str, archive: Path, wanted: str) -> None:
    with archive.open("rb") as file:
        found = hashlib.file_digest(file, "sha256").hexdigest()
    if found != wanted:
        raise Refused(
            f"{url} is not the file that was published\n  SHA-256 {found}\n  wanted  {wanted}",
            hint="something between here and the release site changes files; nothing was installed",
        )


def _unpack(url: str, archive: Path, into: Path) -> Path:
    try:
        with zipfile.ZipFile(archive) as file:
            return Path(file.extract("terraform", into))
    except (zipfile.BadZipFile, KeyError) as error:
        raise Refused(f"{url} holds no terraform: {error}", hint=OTHERWISE) from error


def main(arguments: list[str] | None = None) -> int:
    """Return the exit code."""
    parser = argparse.ArgumentParser(prog="python -m pytg.terraform.fetch", description=__doc__)
    parser.add_argument("--to", type=Path, default=user_tools(), metavar="DIR")
    parser.add_argument(
        "--if-missing", action="store_true", help="do nothing where a terraform is found already"
    )
    options = parser.parse_args(arguments)
    found = shutil.which("terraform", path=str(options.to)) or locate("terraform", Path.cwd())
    if options.if_missing and found is not None:
        print(f"{found} is there", file=sys.stderr)  # noqa: T201 - a command line of its own
        return 0
    try:
        path = fetch(options.to, releases=os.environ.get("PYTG_TERRAFORM_RELEASES", RELEASES))
    except PytgError as error:
        print(f"error: {error}\n  {error.hint}", file=sys.stderr)  # noqa: T201 - a command line of its own
        return error.exit_code
    print(path)  # noqa: T201 - a command line of its own
    return 0


if __name__ == "__main__":
    sys.exit(main())
