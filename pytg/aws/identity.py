"""Whether the caller is in the account that the configuration means."""

from __future__ import annotations

from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor

from pytg.aws.failures import reported
from pytg.aws.session import Sessions
from pytg.errors import PytgError, Refused
from pytg.model import Account

_REGION = "us-east-1"  # every partition-wide caller may ask there
_THREADS = 8


def check_identity(sessions: Sessions, accounts: Iterable[Account]) -> None:
    """Ask AWS, for each account, who the caller is.

    Raises Refused, naming both ids, where it is not in the account that the configuration
    names, and where it cannot be asked; with several such accounts one error names all. A
    account of the embedded AWS must be on loopback besides.
    """
    asked = sorted(set(accounts), key=lambda account: account.name)
    with ThreadPoolExecutor(_THREADS) as pool:
        problems = [found for found in pool.map(lambda a: _problem(sessions, a), asked) if found]
    if len(problems) == 1:
        raise problems[0]
    if problems:
        hints = dict.fromkeys(problem.hint for problem in problems if problem.hint)
        raise Refused("\n".join(p.message for p in problems), hint="\n  ".join(hints))


def _problem(sessions: Sessions, account: Account) -> PytgError | None:
    try:
        sessions.endpoint(account)
        client = sessions.client(account, "sts", _REGION)
        with reported(f"ask who the caller is in account {account.name}", account):
            caller = client.get_caller_identity()
    except PytgError as error:
        return error
    if account.id in {None, caller["Account"]}:
        return None
    return Refused(
        f"account {account.name} is {account.id} in the configuration, but the caller "
        f"{caller['Arn']} is in account {caller['Account']}",
        hint=f"use credentials of {account.id}: see `profile` and `assume_role` in "
        f"live/{account.name}/account.yaml",
    )
