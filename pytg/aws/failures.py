"""From what boto3 raises to an error that says what, where, and what to do."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    CredentialRetrievalError,
    HTTPClientError,
    NoCredentialsError,
    PartialCredentialsError,
    ProfileNotFound,
    SSOError,
    TokenRetrievalError,
)
from botocore.exceptions import (
    ConnectionError as AWSConnectionError,
)

from pytg.errors import PytgError, Refused
from pytg.model import Account

MISSING = frozenset({"404", "NoSuchKey", "NoSuchBucket", "ResourceNotFoundException"})

_SIGN_IN = "sign in, or set the account's `profile` or the AWS_* variables, and run pytg again"
_DENIED = "this caller lacks a permission: see `aws sts get-caller-identity` for who it is"
_REGION = "the bucket lies in another region: correct `backend.region`"
_MAKE = "apply the module that makes the backend first, or correct `backend` in the configuration"

_NETWORK = (AWSConnectionError, HTTPClientError, OSError)
_CREDENTIALS = (
    NoCredentialsError,
    PartialCredentialsError,
    CredentialRetrievalError,
    SSOError,
    TokenRetrievalError,
)
_HINTS = {
    "403": _DENIED,
    "AccessDenied": _DENIED,
    "AccessDeniedException": _DENIED,
    "301": _REGION,
    "PermanentRedirect": _REGION,
    "AuthorizationHeaderMalformed": _REGION,
    "ExpiredToken": _SIGN_IN,
    "ExpiredTokenException": _SIGN_IN,
    "InvalidAccessKeyId": _SIGN_IN,
    "InvalidClientTokenId": _SIGN_IN,
    "SignatureDoesNotMatch": _SIGN_IN,
    "UnrecognizedClientException": _SIGN_IN,
    "NoSuchBucket": _MAKE,
    "ResourceNotFoundException": _MAKE,
}


def code_of(error: ClientError) -> str:
    """AWS's error code; for a request without a body the HTTP status."""
    return str(error.response.get("Error", {}).get("Code", ""))


@contextmanager
def reported(doing: str, account: Account, raises: type[PytgError] = Refused) -> Iterator[None]:
    """Raise `raises` for every failure of boto3 in the block: `cannot DOING: why`.

    For an emulator that does not answer, whatever was to be done, that alone is said.
    """
    try:
        yield
    except ClientError as error:
        raise raises(_client(doing, error), hint=_hint(error, account)) from error
    except (BotoCoreError, OSError) as error:
        if account.emulator and isinstance(error, _NETWORK):
            why, hint = not_running(account)
            raise raises(why, hint=hint) from error
        why, hint = _local(error, account)
        where = "" if account.name in doing.split() else f" (account {account.name})"
        raise raises(f"cannot {doing}{where}: {why}", hint=hint) from error


def not_running(account: Account) -> tuple[str, str]:
    """What to say, and what to do, where an emulator does not answer."""
    if account.endpoint:
        why = f"the emulator of account {account.name} does not answer at {account.endpoint}"
        return why, f"start it, or correct `endpoint` in live/{account.name}/account.yaml"
    return "the embedded AWS is not running", "start it: pytg sandbox start"


def _client(doing: str, error: ClientError) -> str:
    said = error.response.get("Error", {}).get("Message", "")
    return f"cannot {doing}: {code_of(error)} from {error.operation_name}: {said}".rstrip(": ")


def _hint(error: ClientError, account: Account) -> str:
    role = account.assume_role
    if error.operation_name == "AssumeRole" and role:
        return f"check that this caller may assume {role.role_arn}, with its external id"
    return _HINTS.get(code_of(error), "AWS refused the request: run pytg again if it may pass")


def _local(error: Exception, account: Account) -> tuple[str, str]:
    """Why nothing was answered, and what to do."""
    if isinstance(error, _CREDENTIALS):
        return f"no usable AWS credentials: {error}", _SIGN_IN
    if isinstance(error, ProfileNotFound):
        return str(error), f"add it to the AWS configuration, or correct live/{account.name}"
    if isinstance(error, _NETWORK):
        return str(error), "check the network, the proxy and AWS_CA_BUNDLE, and run pytg again"
    return str(error), "check the AWS configuration of this account"
