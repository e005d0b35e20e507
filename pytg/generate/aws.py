"""How a root module reaches an account: arguments of provider and backend blocks."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

from pytg.emulator import SANDBOX_SERVER, config_file, profile, sandbox_directory
from pytg.generate.hcl import Expression, quoted
from pytg.model import Account, Backend, Estate, Unit, Value

STATES = Path(".pytg", "state")


def relative(path: Path, directory: Path) -> str:
    """`path` as seen from `directory`; begins with `./` or `../`, as a module source must.

    A link on the way to `directory`, such as `.pytg`, is followed: `..` leads out of what it names.
    """
    path, directory = path.absolute(), directory.absolute()
    common = Path(os.path.commonpath((path, directory)))
    real = common.resolve() / path.relative_to(common)
    seen = Path(os.path.relpath(real, directory.resolve())).as_posix()
    return seen if seen.startswith("../") else f"./{seen}"


def access(estate: Estate, account: Account, directory: Path) -> dict[str, Value]:
    """The arguments that provider and S3 backend have in common, for a root in `directory`.

    An emulator is reached through its own AWS config file and nothing else.
    """
    arguments: dict[str, Value] = {}
    if account.emulator:
        config = config_file(estate.root, account)
        arguments["profile"] = profile(account)
        arguments["shared_config_files"] = [relative(config, directory)]
        if account.endpoint:  # a profile of that name in the person's own file would win
            arguments["shared_credentials_files"] = [relative(config, directory)]
    elif account.profile:
        arguments["profile"] = account.profile
    if account.id:
        arguments["allowed_account_ids"] = [account.id]
    return arguments


def proxy(estate: Estate, account: Account, directory: Path) -> dict[str, Value]:
    """The provider's proxy for a sandbox account: the sandbox itself.

    S3 Control puts the account id before the host's name, and the name that makes is nobody's:
    the sandbox answers for it. Loopback addresses are never proxied (Go, net/http), HTTPS is not.
    """
    if not account.sandbox:
        return {}
    server = relative(sandbox_directory(estate.root) / SANDBOX_SERVER, directory)
    url = Expression(f"try(jsondecode(file({quoted(server)})).url, null)")
    return {"http_proxy": url, "https_proxy": "", "no_proxy": "localhost"}


def path_style(account: Account, argument: str) -> dict[str, Value]:
    """Buckets stand in the path, not in the host name, of an emulator's URL."""
    return {argument: True} if account.endpoint else {}


def assume_role(account: Account) -> dict[str, Value]:
    """The arguments of `assume_role`; empty where the account names none."""
    role = account.assume_role
    if role is None:
        return {}
    given = {
        "role_arn": role.role_arn,
        "external_id": role.external_id,
        "session_name": role.session_name,
    }
    return {name: value for name, value in given.items() if value is not None}


def backend_arguments(estate: Estate, unit: Unit, directory: Path) -> dict[str, Value]:
    """The backend block of `unit`'s own root."""
    backend = unit.backend
    if backend.type == "local":
        return _local(estate, backend, directory)
    locks: dict[str, Value] = {"encrypt": True, "use_lockfile": backend.use_lockfile}
    if backend.lock_table:
        locks["dynamodb_table"] = backend.lock_table
    return {**_s3(backend), **locks, **_reach(estate, unit.account, directory)}


def reading_arguments(estate: Estate, unit: Unit, directory: Path) -> dict[str, Value]:
    """The same state for `terraform_remote_state`, which locks and writes nothing."""
    if unit.backend.type == "local":
        return _local(estate, unit.backend, directory)
    return {**_s3(unit.backend), **_reach(estate, unit.account, directory)}


def _local(estate: Estate, backend: Backend, directory: Path) -> dict[str, Value]:
    return {"path": relative(estate.root / STATES / backend.key, directory)}


def _s3(backend: Backend) -> dict[str, Value]:
    return {"bucket": backend.bucket, "key": backend.key, "region": backend.region}


def _reach(estate: Estate, account: Account, directory: Path) -> Mapping[str, Value]:
    role = assume_role(account)
    reached = {**access(estate, account, directory), **path_style(account, "use_path_style")}
    return {**reached, "assume_role": role} if role else reached
