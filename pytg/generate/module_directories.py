"""The directories that a module is made of, and what each asks `terraform init` for."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from pytg.config.declarations import Declarations, declarations
from pytg.config.hcl_tokens import HclError
from pytg.config.module_files import LOCAL, TERRAFORM, module_files

_BUILT_IN = "terraform"

# Data that no resource of anybody's estate changes: who asks, where, and text put together.
_CONSTANT = frozenset(
    {
        "aws_arn",
        "aws_availability_zone",
        "aws_availability_zones",
        "aws_billing_service_account",
        "aws_caller_identity",
        "aws_canonical_user_id",
        "aws_cloudtrail_service_account",
        "aws_elb_hosted_zone_id",
        "aws_elb_service_account",
        "aws_iam_policy_document",
        "aws_ip_ranges",
        "aws_partition",
        "aws_region",
        "aws_regions",
        "aws_service",
        "aws_service_principal",
    }
)


@dataclass(frozen=True, slots=True)
class Asked:
    """What one directory asks init for.

    `calls` are the module calls: name, source and version. `providers` are the local names of
    those it requires, or its resources imply, each with source and version. `unread` are the
    digests of files that cannot be read.
    """

    calls: tuple[tuple[str, str, str], ...] = ()
    providers: tuple[tuple[str, str, str], ...] = ()
    unread: tuple[str, ...] = ()


def module_directories(directory: Path, flavour: str = TERRAFORM) -> tuple[Path, ...]:
    """`directory` and those of all local modules that it calls, resolved, itself first.

    A source that is not there is left out: Terraform's own message about it is better.
    """
    found: dict[Path, None] = {}
    waiting = [directory]
    while waiting:
        near = waiting.pop(0).resolve()
        if near in found or not near.is_dir():
            continue
        found[near] = None
        sources = (source for _, source, _ in asked_by(near, flavour).calls)
        waiting += [near / source for source in sources if source.startswith(LOCAL)]
    return tuple(found)


def asked_by(directory: Path, flavour: str = TERRAFORM) -> Asked:
    """What the files of `directory` alone ask init for."""
    calls: dict[str, tuple[str, str, str]] = {}
    providers: dict[str, tuple[str, str, str]] = {}
    implied: set[str] = set()
    unread: list[str] = []
    for read in _read(directory, flavour):
        if isinstance(read, str):
            unread.append(read)
            continue
        for call in read.calls:
            known = calls.get(call["name"], ("", "", ""))
            source, version = call["source"] or known[1], call["version"] or known[2]
            calls[call["name"]] = (call["name"], source, version)
        for name, wanted in read.requires.items():
            providers[name] = (name, wanted["source"] or "", wanted["version"] or "")
        implied |= set(read.implied)
    for name in implied - {_BUILT_IN} - providers.keys():
        providers[name] = (name, "", "")
    return Asked(tuple(sorted(calls.values())), tuple(sorted(providers.values())), tuple(unread))


def reads_data(directory: Path, flavour: str = TERRAFORM) -> bool:
    """Whether a module, or one that it calls, has a data source that an apply could change.

    Also where that cannot be told: a module from elsewhere, a file that cannot be read.
    """
    for near in module_directories(directory, flavour):
        asked = asked_by(near, flavour)
        if asked.unread or not all(source.startswith(LOCAL) for _, source, _ in asked.calls):
            return True
        every = (read.data for read in _read(near, flavour) if not isinstance(read, str))
        if any(name.partition(".")[0] not in _CONSTANT for data in every for name in data):
            return True
    return False


class _UnreadError(Exception):
    """A file of a module cannot be read."""


def created_first(directory: Path, flavour: str = TERRAFORM) -> frozenset[str] | None:
    """The resources of a module, and of those that it calls, with `create_before_destroy`.

    Each as its address inside the module, without instance keys. A module from elsewhere is not
    read: what may be in it stands as `module.<call>.`. None where a file cannot be read.
    """
    try:
        return frozenset(_created_first(directory.resolve(), flavour, "", ()))
    except _UnreadError:
        return None


def _created_first(
    directory: Path, flavour: str, begin: str, above: tuple[Path, ...]
) -> Iterator[str]:
    """See above. Raises _UnreadError for a file that cannot be read."""
    said: dict[str, bool] = {}
    for read in _read(directory, flavour):
        if isinstance(read, str):
            raise _UnreadError
        said |= read.early
    yield from (f"{begin}{name}" for name, early in said.items() if early)
    for name, source, _ in asked_by(directory, flavour).calls:
        called, inside = (directory / source).resolve(), f"{begin}module.{name}."
        if not source.startswith(LOCAL):
            yield inside
        elif called not in (directory, *above):
            yield from _created_first(called, flavour, inside, (directory, *above))


def _read(directory: Path, flavour: str) -> Iterator[Declarations | str]:
    """Each file as declarations, overriding ones last, or the digest of one that is none.

    Of one that cannot be opened the digest is empty.
    """
    try:
        files = module_files(directory, flavour)
    except OSError:
        yield ""
        return
    for path in (path for paths in files for path in paths):
        try:
            content = path.read_bytes()
        except OSError:
            yield ""
            continue
        try:
            yield declarations(content, in_json=path.suffix == ".json")
        except HclError:
            yield hashlib.sha256(content).hexdigest()
