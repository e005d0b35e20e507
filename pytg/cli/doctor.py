"""`pytg doctor`: what this machine lacks, and how to get it, without asking AWS or a registry."""

from __future__ import annotations

import json
import os
import shutil
import socket
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from urllib.parse import urlsplit

import click

from pytg.aws.failures import not_running
from pytg.cli._checks import MISSING, NOTE, OK, Check
from pytg.cli._context import Context
from pytg.cli._options import option
from pytg.cli._plugins import checks
from pytg.emulator import INSTALL
from pytg.errors import ConfigError, PytgError, Refused, UsageError
from pytg.model import Account, Estate
from pytg.project import Project
from pytg.record.words import counted
from pytg.run.policy import unstartable
from pytg.terraform.binary import find_terraform, locate, read_version
from pytg.terraform.provider_mirror import BUILT_IN, find_mirrors, own_config

PYTHON = (3, 11)
FREE_GIB = 2  # the AWS provider alone takes 0.7 GiB unpacked


@click.command("doctor")
@option("--json", "as_json", is_flag=True, help="Print the checks as one JSON document.")
@click.pass_obj
def command(context: Context, *, as_json: bool) -> None:
    """Say what is missing on this machine, and how to get it."""
    checks = list(examine(context))
    missing = [check.name for check in checks if check.state == MISSING]
    if as_json:
        document = {"ok": not missing, "checks": [asdict(check) for check in checks]}
        click.echo(json.dumps(document, indent=2))
    else:
        for check in checks:
            click.echo(_line(check))
    if missing:
        raise Refused(f"not ready: {', '.join(missing)}")


def examine(context: Context) -> Iterator[Check]:
    """Every check, in a fixed order. Outside a project those of the project are left out."""
    yield _python()
    root, project, configuration = _project(context)
    yield configuration
    estate = project.estate if project else None
    yield _terraform(root, estate)
    yield from _providers(root, estate)
    yield _writable(root)
    yield _disk(root)
    called = project.accounts() if project else []
    yield from _of_plugins(root, project, called)
    yield from map(_emulator, (account for account in called if account.endpoint))
    yield from _credentials([account for account in called if not account.emulator])
    yield from _programs(estate)
    git = shutil.which("git")
    yield Check("git", OK if git else NOTE, git or "not on PATH", "" if git else "install git")


def _line(check: Check) -> str:
    hint = f"\n{'':24}{check.hint}" if check.hint else ""
    return f"{check.state:<8} {check.name:<14} {check.found}{hint}"


def _python() -> Check:
    version = ".".join(map(str, sys.version_info[:3]))
    if sys.version_info >= PYTHON:
        return Check("python", OK, version)
    return Check("python", MISSING, version, f"install Python {PYTHON[0]}.{PYTHON[1]} or later")


def _project(context: Context) -> tuple[Path, Project | None, Check]:
    name = "configuration"
    try:
        project = context.project()
    except UsageError as error:
        return Path(context.directory).resolve(), None, Check(name, NOTE, str(error), error.hint)
    root = project.root
    try:
        units = counted(len(project.estate.units), "unit")
    except ConfigError as error:
        found = f"{counted(len(error.problems), 'problem')} in {root}"
        return root, None, Check(name, MISSING, found, "pytg validate shows them")
    except PytgError as error:
        return root, None, Check(name, MISSING, str(error), error.hint)
    return root, project, Check(name, OK, f"{units} in {root}")


def _terraform(root: Path, estate: Estate | None) -> Check:
    name = "terraform"
    configured = estate.terraform.binary if estate else "terraform"
    try:
        path = locate(configured, root)  # the project may be read-only: no cache is kept
        binary = read_version(path) if path else find_terraform(configured, root)
        if estate:
            binary.require(estate.terraform.required_version)
    except Refused as error:
        return Check(name, MISSING, str(error), error.hint)
    return Check(name, OK, f"{binary.flavour} {binary.version} at {binary.path}")


def _providers(root: Path, estate: Estate | None) -> Iterator[Check]:
    wanted = estate.terraform.providers.values() if estate else ()
    external = [p for p in wanted if not p.source.startswith(BUILT_IN)]
    own = own_config(os.environ)
    mirrors = {} if own else find_mirrors(root, external, os.environ)
    for provider in sorted(external, key=lambda p: p.source):
        name, text = "provider", f"{provider.source} {provider.version}".rstrip()
        if own:
            yield Check(name, OK, f"{text}: as {own} says")
        elif provider.source in mirrors:
            yield Check(name, OK, f"{text}: from the mirror {mirrors[provider.source]}")
        else:
            hint = "without a network, name a mirror directory with PYTG_PROVIDER_MIRROR"
            yield Check(name, NOTE, f"{text}: no mirror; terraform init downloads it", hint)


def _programs(estate: Estate | None) -> Iterator[Check]:
    """Whether the programs of `checks` can be started."""
    found = {each.name: each.why for each in unstartable(estate)} if estate else {}
    for name, command in estate.checks.items() if estate else ():
        if why := found.get(name):
            hint = "install it, or mend `checks` in config.yaml: every plan is refused without it"
            yield Check("check", MISSING, f"`{name}`: {why}", hint)
        else:
            yield Check("check", OK, f"`{name}`: {command[0]}")


def _writable(root: Path) -> Check:
    try:
        with tempfile.TemporaryFile(dir=root):
            return Check("directory", OK, f"{root} can be written")
    except OSError as error:
        text = f"{root} cannot be written: {error.strerror}"
        return Check("directory", MISSING, text, "pytg keeps states, plans and records there")


def _disk(root: Path) -> Check:
    try:
        free = shutil.disk_usage(root).free / 2**30
    except OSError as error:
        return Check("disk", MISSING, f"{root}: {error.strerror}", "name the project with -C DIR")
    text = f"{free:.1f} GiB free for {root}"
    if free >= FREE_GIB:
        return Check("disk", OK, text)
    return Check("disk", MISSING, text, f"make room: {FREE_GIB} GiB are needed")


def _of_plugins(root: Path, project: Project | None, called: list[Account]) -> Iterator[Check]:
    names = set()
    for plugin in checks():
        names.add(plugin.entry.name)
        try:
            yield from map(_checked, plugin.load()(root, project))
        except PytgError as error:
            yield Check(plugin.entry.name, MISSING, str(error), error.hint)
        except Exception as error:  # noqa: BLE001 - it is not pytg's code, and no bug of pytg's
            text = f"the check of {plugin.distribution} failed: {error!r}"
            yield Check(plugin.entry.name, MISSING, text, "tell those who make it")
    if "sandbox" not in names and any(account.sandbox for account in called):
        yield Check("sandbox", MISSING, "not installed", INSTALL)


def _checked(found: object) -> Check:
    """What a plugin yields, where it is a check. Raises TypeError."""
    if isinstance(found, Check) and found.state in {OK, NOTE, MISSING}:
        return found
    raise TypeError(f"{found!r} is no check")


def _emulator(account: Account) -> Check:
    """Whether the emulator that an account is answers."""
    parts = urlsplit(str(account.endpoint))
    port = parts.port or (443 if parts.scheme == "https" else 80)
    try:
        with socket.create_connection((parts.hostname, port), timeout=2):
            return Check("emulator", OK, f"account {account.name}: answers at {account.endpoint}")
    except OSError:
        why, hint = not_running(account)
        return Check("emulator", NOTE, why, hint)


def _credentials(real: list[Account]) -> Iterator[Check]:
    if not real:
        return
    import botocore.session  # noqa: PLC0415 - slow to import, and not every estate needs it
    from botocore.exceptions import BotoCoreError  # noqa: PLC0415 - the same

    try:
        profiles = set(botocore.session.Session().full_config.get("profiles", {}))
    except BotoCoreError as error:
        yield Check("credentials", MISSING, str(error), "mend that file: AWS clients read it")
        return
    for account in real:
        yield _account(account, profiles)


def _account(account: Account, profiles: set[str]) -> Check:
    """Where the credentials of `account` would come from, as far as files and variables tell."""
    name, who = "credentials", f"account {account.name}"
    profile = account.profile or os.environ.get("AWS_PROFILE")
    if profile:
        if profile in profiles:
            return Check(name, OK, f"{who}: profile {profile}")
        hint = f"aws configure --profile {profile}"
        return Check(name, NOTE, f"{who}: no profile {profile} in the AWS shared files", hint)
    for variable in ("AWS_ACCESS_KEY_ID", "AWS_WEB_IDENTITY_TOKEN_FILE"):
        if os.environ.get(variable):
            return Check(name, OK, f"{who}: {variable}")
    if "default" in profiles:
        return Check(name, OK, f"{who}: profile default")
    hint = "set AWS_PROFILE or `profile` in account.yaml, unless this machine has a role"
    return Check(name, NOTE, f"{who}: none in the environment or the shared files", hint)
