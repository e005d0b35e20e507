"""A bundle is whole and as it was written, or it is refused."""

from __future__ import annotations

from pathlib import Path

import pytest
from bundle_words import FILES, manifest, packed
from hypothesis import given
from hypothesis import strategies as st

from pytg.bundle import archive
from pytg.bundle.archive import digest_of, pack, unpack
from pytg.errors import PytgError, Refused, UsageError

WHOLE = packed()


def test_what_is_packed_is_unpacked() -> None:
    bundle = unpack(WHOLE, "here")
    assert bundle.files == FILES
    assert bundle.manifest.stages == manifest().stages
    assert bundle.digest == digest_of(WHOLE)
    assert packed() == WHOLE  # the same contents make the same file


@given(st.integers(0, len(WHOLE) - 1), st.integers(1, 255))
def test_another_byte_changes_nothing_or_is_refused(place: int, by: int) -> None:
    data = bytearray(WHOLE)
    data[place] ^= by
    try:
        bundle = unpack(bytes(data), "here")
    except Refused:
        return
    assert bundle.files == FILES
    assert bundle.manifest.stages == manifest().stages


@given(st.integers(0, len(WHOLE) - 1))
def test_a_part_is_refused(length: int) -> None:
    with pytest.raises(Refused):
        unpack(WHOLE[:length], "here")


@given(st.binary(max_size=200))
def test_what_is_none_is_refused(data: bytes) -> None:
    with pytest.raises(Refused):
        unpack(data, "here")


def test_a_plan_that_is_not_the_one_of_the_manifest_is_refused() -> None:
    with pytest.raises(Refused, match=r"was altered.*1/1/plan"):
        unpack(pack(manifest(), FILES | {"1/1/plan": b"another"}), "here")


@pytest.mark.parametrize(
    "name",
    [
        "1/1/root/../../../../../../zap.tf",
        "1/1/root//zap.tf",
        "1/1/root/sub/zap.tf",
        "1/1/root/..tf",
        "1/1/root/",
        "1/1/root/terraform.tfstate",
        "1/1/zap.tf",
        "2/1/root/main.tf",
        "/zap.tf",
    ],
)
def test_what_is_no_part_of_a_bundle_is_refused_by_its_name(name: str) -> None:
    with pytest.raises(Refused, match=r"holds .*, which is no part of one"):
        unpack(pack(manifest(), FILES | {name: b""}), "here")


@given(st.text("ab./\\ \n\0é", max_size=12))
def test_a_file_of_a_root_has_a_plain_name(name: str) -> None:
    try:
        bundle = unpack(pack(manifest(), FILES | {f"1/1/root/{name}.tf": b""}), "here")
    except Refused:
        return
    texts, _ = bundle.root("1/1")
    assert all(Path(file).name == file and not file.startswith(".") for file in texts)
    assert f"{name}.tf" in texts


def test_the_root_of_a_plan_is_text_and_its_lock() -> None:
    lock = {"1/1/root/.terraform.lock.hcl": b"\xff"}
    texts, found = unpack(pack(manifest(), FILES | lock), "here").root("1/1")
    assert (texts, found) == ({"main.tf": 'module "a" {}\n'}, b"\xff")
    with pytest.raises(Refused, match=r"main\.tf in the bundle here is no text"):
        unpack(pack(manifest(), FILES | {"1/1/root/main.tf": b"\xff"}), "here")


def test_one_of_another_format_is_refused() -> None:
    with pytest.raises(Refused, match="here cannot be understood: format"):
        unpack(pack(manifest(format=2), FILES), "here")


def test_it_is_written_for_its_owner_alone(tmp_path: Path) -> None:
    file = archive.write(tmp_path, WHOLE)
    assert file.stat().st_mode & 0o777 == 0o600
    assert archive.read(tmp_path) == archive.read(file) == WHOLE
    with pytest.raises(UsageError, match="no bundle at"):
        archive.read(tmp_path / "none")
    with pytest.raises(PytgError, match="cannot write"):
        archive.write(tmp_path / "none", WHOLE)
