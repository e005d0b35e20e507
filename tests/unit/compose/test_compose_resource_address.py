"""Addresses of resources and modules are read as Terraform writes them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytg.compose.resource_address import DATA, MANAGED, ResourceAddress, Step

names = st.from_regex(r"[a-z_][a-z0-9_-]{0,8}", fullmatch=True).filter(
    lambda name: name not in {"module", "data"}
)
keys = st.none() | st.integers(0, 99) | st.text(st.characters(exclude_categories=("Cs",)))
steps = st.builds(Step, names, keys)
calls = st.lists(steps, max_size=3).map(tuple)
resources = st.builds(ResourceAddress, calls, st.sampled_from([MANAGED, DATA]), names, steps)
modules = st.builds(ResourceAddress, st.lists(steps, min_size=1, max_size=3).map(tuple))


@given(resources | modules)
def test_what_is_written_is_read_as_it_was(address: ResourceAddress) -> None:
    assert ResourceAddress.parse(str(address)) == address


@pytest.mark.parametrize(
    "text",
    [
        r'terraform_data.a["q\"$${y}\\z\n😀"]',  # as `terraform state list` prints it
        'module.x["a.b[0]"].module.y[3].data.aws_ami.this',
        "module.x",
        "module.größe.terraform_data.हिन्दी[0]",
    ],
)
def test_terraform_s_own_texts(text: str) -> None:
    assert str(ResourceAddress.parse(text)) == text


def test_a_long_escape_is_read() -> None:
    assert ResourceAddress.parse(r'a.b["\U0001f600\\U00000041"]').resource == Step(
        "b", "😀\\U00000041"
    )


@pytest.mark.parametrize(
    "text",
    ["", "a", "a.b.c", "module", "module.x.a", "a.b[", 'a.b["x]', "a.b[-1]", "a[0].b", "data.a"],
)
def test_what_is_none_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"is no address|names no module"):
        ResourceAddress.parse(text)


@pytest.mark.parametrize(
    "text",
    [".a.b", "a.b.", "a..b", "module.data.x.", r'a.b["\x"]', "a.b[0][1]", "a b.c", 'a.b["k"]x'],
)
def test_what_is_damaged_is_refused(text: str) -> None:
    with pytest.raises(ValueError):  # noqa: PT011 - JSON's own text for an escape
        ResourceAddress.parse(text)


@pytest.mark.parametrize(
    ("what", "covered"),
    [
        ("a.b", ["a.b", "a.b[0]", 'a.b["k"]']),
        ("a.b[0]", ["a.b[0]"]),
        ("module.x", ["module.x.a.b", "module.x[0].a.b", "module.x.module.y.a.b[0]"]),
        ("module.x[0]", ["module.x[0].a.b"]),
        ("module.x.module.y", ["module.x.module.y.a.b[0]"]),
        ("data.a.b", ["data.a.b"]),
        ("module.x[0].a.b", ["module.x[0].a.b"]),
    ],
)
def test_an_address_covers_itself_and_its_instances(what: str, covered: list[str]) -> None:
    every = ["a.b", "a.b[0]", 'a.b["k"]', "data.a.b", "a.c", "module.x.a.b", "module.x[0].a.b"]
    every += ["module.x.module.y.a.b[0]", "module.y.a.b"]
    found = [t for t in every if ResourceAddress.parse(what).covers(ResourceAddress.parse(t))]
    assert found == covered
