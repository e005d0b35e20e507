"""An encrypted bundle opens for those whom it is for."""

from __future__ import annotations

import sys
from pathlib import Path

import pyrage
import pytest
from bundle_words import FILES, PLAN, packed

from pytg.bundle.archive import unpack
from pytg.bundle.seal import require_recipients
from pytg.errors import Refused, UsageError

KEY = pyrage.x25519.Identity.generate()
OTHER = pyrage.x25519.Identity.generate()


def identity(file: Path, text: str) -> Path:
    file.write_text(text)
    return file


def test_only_its_key_opens_it(tmp_path: Path) -> None:
    data = packed(str(KEY.to_public()))
    own = identity(tmp_path / "own", f"# created: today\n{KEY}\n")
    other = identity(tmp_path / "other", str(OTHER))
    assert PLAN not in data
    assert unpack(data, "here", [other, own]).files == FILES
    with pytest.raises(Refused, match="here cannot be decrypted"):
        unpack(data, "here", [other])
    with pytest.raises(Refused, match="here cannot be decrypted"):
        unpack(data[:-1], "here", [own])
    with pytest.raises(Refused, match="is encrypted"):
        unpack(data, "here")


def test_several_may_open_it(tmp_path: Path) -> None:
    data = packed(str(KEY.to_public()), str(OTHER.to_public()))
    for key in (KEY, OTHER):
        assert unpack(data, "here", [identity(tmp_path / "key", str(key))]).files == FILES


@pytest.mark.parametrize("text", ["", "age1", "ssh-ed25519 AAAA", "x"])
def test_what_is_no_public_key_is_named(text: str) -> None:
    with pytest.raises(UsageError, match=f"`{text}` is no recipient"):
        require_recipients([text])


@pytest.mark.parametrize(
    "text",
    ["AGE-SECRET-KEY-1", "\udcff", "-----BEGIN OPENSSH PRIVATE KEY-----\n"],
)
def test_what_is_no_key_is_named_and_not_shown(tmp_path: Path, text: str) -> None:
    file = tmp_path / "key"
    file.write_bytes(text.encode(errors="surrogateescape"))
    with pytest.raises(UsageError, match=r"key is no identity$"):
        unpack(packed(str(KEY.to_public())), "here", [file])
    with pytest.raises(UsageError, match="cannot read the identity"):
        unpack(packed(str(KEY.to_public())), "here", [tmp_path / "none"])


def test_without_age_it_says_how_to_get_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pyrage", None)
    require_recipients([])
    with pytest.raises(Refused, match="age is not installed"):
        require_recipients([str(KEY.to_public())])
