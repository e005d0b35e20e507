"""Options of Terraform's, typed by habit: the usage error says what pytg has instead."""

from __future__ import annotations

import re
from pathlib import Path

import click
import pytest

from pytg.cli._terraform_options import INSTEAD, instead_of
from pytg.cli.main import group
from pytg.errors import UsageError
from support.command import captured


@pytest.mark.parametrize(
    ("line", "said"),
    [
        (("plan", "-out", "f"), "`pytg plan --out DIR` keeps the plan"),
        (("plan-all", "-out=f"), "`pytg plan --out DIR` keeps the plan"),
        (("apply", "-auto-approve"), "`--yes`"),
        (("apply-all", "--auto-approve"), "`--yes`"),
        (("destroy-all", "-auto-approve"), "`--yes`"),
        (("plan", "--env", "dev", "-target=aws_x.y"), "`--select EXPR`"),
        (("plan", "--target", "aws_x.y"), "`--select EXPR`"),
        (("plan", "-var", "a=b"), "`pytg explain ADDRESS`"),
        (("plan", "-var-file=x"), "`pytg explain ADDRESS`"),
        (("plan", "-refresh-only"), "`pytg tf ADDRESS -- plan -refresh-only`"),
        (("plan", "-destroy"), "`pytg plan --destroy`"),
        (("apply", "-lock=false"), "`--lock-timeout SECONDS`"),
        (("apply", "-lock-timeout=10s"), "a number without a unit"),
        (("apply", "-parallelism=3"), "`--parallelism N`"),
        (("-chdir=live", "plan"), "`pytg -C DIR`"),
    ],
)
def test_the_error_says_what_pytg_has(line: tuple[str, ...], said: str, tmp_path: Path) -> None:
    (tmp_path / "config.yaml").write_text("project: x\n")
    code, out, err = captured(line, {})
    assert (code, out) == (UsageError.exit_code, "")
    assert said in err
    assert "is Terraform's" in err


def test_another_mistake_is_what_it_was() -> None:
    code, _, err = captured(("plan", "--envv", "dev"), {})
    assert code == UsageError.exit_code
    assert "No such option '--envv'" in err


def test_what_stands_instead_is_there() -> None:
    """Each option of pytg's that an answer names is one of a command's."""
    names = ("plan", "apply", "destroy")
    found = [group.get_command(click.Context(group), name) for name in names]
    own = {opt for command in found if command for param in command.params for opt in param.opts}
    for text in INSTEAD.values():
        assert set(re.findall(r"(?<![\w-])--[a-z][a-z-]+", text)) <= own


def test_without_such_an_option_there_is_no_answer() -> None:
    assert instead_of(["--env", "out", "target"]) == ""
