"""Which unit the resources and outputs of a plan belong to."""

from __future__ import annotations

import pytest

from pytg.compose.changes import Calls
from pytg.model import Address

STORAGE = Address("docs", "us-east-1", "dev", "storage")
COMPOSED = Calls({STORAGE.slug: STORAGE})
OWN = Calls({"storage": STORAGE}, composed=False)


@pytest.mark.parametrize(
    ("calls", "address", "expected"),
    [
        (COMPOSED, f'module.{STORAGE.slug}.aws_x.y["a.b"]', (STORAGE, 'aws_x.y["a.b"]')),
        (COMPOSED, f"module.{STORAGE.slug}.module.in[0].a.b", (STORAGE, "module.in[0].a.b")),
        (COMPOSED, f"module.{STORAGE.slug}[0].module.in[0].a.b", (STORAGE, "module.in[0].a.b")),
        (COMPOSED, "module.else.aws_x.y", None),
        (COMPOSED, "terraform_data.extra", None),
        (COMPOSED, "", None),
        (OWN, "module.storage.aws_x.y", (STORAGE, "aws_x.y")),
        (OWN, "data.terraform_remote_state.up", None),
        (OWN, "terraform_data.extra", (STORAGE, "terraform_data.extra")),
        (OWN, "module.added.aws_x.y", (STORAGE, "module.added.aws_x.y")),
        (OWN, "", None),
    ],
)
def test_a_resource_has_a_unit(
    calls: Calls, address: str, expected: tuple[Address, str] | None
) -> None:
    assert calls.unit_of(address) == expected


def test_a_text_is_plain_without_the_key_of_the_call() -> None:
    inside = f"module.{STORAGE.slug}[0].module.in[0].a.b"
    assert COMPOSED.plain(f"({inside})") == f"(module.{STORAGE.slug}.module.in[0].a.b)"
