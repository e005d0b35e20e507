"""Is this the account that the configuration means? Asked before anything is started."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

from pytg.aws.session import Sessions, explained
from pytg.errors import Refused
from pytg.model import Account

REGION = "us-east-1"


def check_identity(sessions: Sessions, accounts: Sequence[Account]) -> None:
    """Compare each account's id with the caller's. Raises Refused naming both.

    Accounts without an id are not asked.
    """
    asked = [account for account in accounts if account.id is not None]
    with ThreadPoolExecutor(max(1, len(asked))) as pool:
        list(pool.map(lambda account: _check(sessions, account), asked))


def _check(sessions: Sessions, account: Account) -> None:
    with explained(f"account {account.name}"):
        caller = sessions.client(account, "sts", REGION).get_caller_identity()
    if caller["Account"] != account.id:
        raise Refused(
            f"account {account.name} is {account.id}, and these credentials belong to "
            f"{caller['Account']} ({caller['Arn']})",
            hint="use the credentials of that account, or mend account_id in its account.yaml",
        )
