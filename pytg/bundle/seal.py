"""Encrypt a bundle with age, to those who may apply it: recipients in, identities out.

See https://age-encryption.org; `pyrage` does the work, and is loaded when it is needed.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from pytg.errors import Refused, UsageError

_HEADER = b"age-encryption.org/v1"
_INSTALL = "install it: pip install 'pytg-terraform[age]'"


def sealed(data: bytes, recipients: Sequence[str]) -> bytes:
    """`data`, for `recipients`: age's public keys (`age1…`) or those of SSH (`ssh-ed25519 …`).

    Raises UsageError for what is none.
    """
    age = _age()
    keys = [_recipient(age, text.strip()) for text in recipients]
    encrypted: bytes = age.encrypt(data, keys)
    return encrypted


def require_recipients(recipients: Sequence[str]) -> None:
    """Raises UsageError where one of them is none, Refused where age is not installed."""
    if recipients:
        sealed(b"", recipients)


def is_sealed(data: bytes) -> bool:
    """Whether `data` is encrypted with age."""
    return data.startswith(_HEADER)


def unsealed(data: bytes, place: str, identities: Sequence[Path]) -> bytes:
    """What is in `data`, which was read from `place`; as it is where it is not encrypted.

    `identities` are files of age's (`age-keygen`), or private keys of SSH. Raises UsageError for
    one that is neither, Refused where none of them opens `data`.
    """
    if not is_sealed(data):
        return data
    if not identities:
        raise Refused(
            f"the bundle {place} is encrypted",
            hint="name the file of the key that opens it: --identity FILE, or PYTG_IDENTITY",
        )
    age = _age()
    keys = [key for file in identities for key in _identities(age, file)]
    try:
        decrypted: bytes = age.decrypt(data, keys)
    except age.DecryptError as error:
        raise Refused(
            f"the bundle {place} cannot be decrypted: {error}",
            hint="it was encrypted to another key than that of --identity, or it is damaged",
        ) from error
    return decrypted


def _recipient(age: Any, text: str) -> Any:
    kind = age.ssh if text.startswith("ssh-") else age.x25519
    try:
        return kind.Recipient.from_str(text)
    except age.RecipientError as error:
        raise UsageError(
            f"`{text}` is no recipient: {error}",
            hint="a recipient is a public key, `age1…` of age-keygen or `ssh-ed25519 …`",
        ) from error


def _identities(age: Any, file: Path) -> list[Any]:
    try:
        text = file.read_bytes()
        if b"PRIVATE KEY-----" in text:
            return [age.ssh.Identity.from_buffer(text)]
        lines = (line.strip() for line in text.decode().splitlines())
        return [
            age.x25519.Identity.from_str(line)
            for line in lines
            if line and not line.startswith("#")
        ]
    except OSError as error:
        raise UsageError(f"cannot read the identity {file}: {error.strerror}") from error
    except (age.IdentityError, UnicodeDecodeError) as error:
        raise UsageError(  # without what stands there: it is a private key
            f"{file} is no identity",
            hint="an identity is a file of age-keygen, or a private key of SSH",
        ) from error


def _age() -> Any:
    try:
        import pyrage  # noqa: PLC0415 - an extra: whoever encrypts nothing need not have it
    except ImportError as error:
        raise Refused("age is not installed, which encrypts bundles", hint=_INSTALL) from error
    return pyrage
