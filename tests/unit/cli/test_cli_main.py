"""A command's name that is none."""

from __future__ import annotations

import pytest

from pytg.errors import UsageError
from support.command import captured


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("aply", "Error: No such command 'aply'. Did you mean 'apply'?"),
        ("planall", "Error: No such command 'planall'. Did you mean 'plan-all'?"),
        ("xyzzy", "Error: No such command 'xyzzy'."),
    ],
)
def test_a_command_that_is_none(name: str, said: str) -> None:
    code, out, err = captured((name,), {})
    assert (code, out) == (UsageError.exit_code, "")
    assert err.splitlines()[-1] == said
