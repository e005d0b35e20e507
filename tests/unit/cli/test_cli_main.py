"""The group of all commands: its help, and a name that is none."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import click
import pytest

from pytg.cli.main import COMMANDS, group
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


@pytest.mark.parametrize("name", sorted(COMMANDS))
def test_the_table_says_what_the_command_says(name: str) -> None:
    command = group.get_command(click.Context(group), name)
    assert command is not None
    assert command.help is not None
    own = COMMANDS[name].removesuffix(".")
    assert " ".join(command.help.split()).startswith(own)


def test_help_loads_click_and_nothing_else_of_size() -> None:
    code = (
        "import sys; sys.argv = ['pytg', '--help']\n"
        "from pytg.cli.main import main\n"
        "try: main()\n"
        "except SystemExit: pass\n"
        "heavy = {'boto3', 'botocore', 'jinja2', 'moto', 'networkx', 'pydantic'}\n"
        "sys.exit(bool(heavy & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, check=False)
    assert done.returncode == 0
    assert b"apply-all" in done.stdout


def test_what_asks_no_aws_loads_no_boto3(estate_root: Path) -> None:
    code = (
        f"import sys; sys.argv = ['pytg', '-C', {str(estate_root)!r}, 'ls']\n"
        "from pytg.cli.main import main\n"
        "try: main()\n"
        "except SystemExit as ended: assert not ended.code\n"
        "sys.exit('boto3' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_a_command_of_pytgs_own_looks_for_no_plugin() -> None:
    code = (
        "import sys\n"
        "from pytg.cli.main import group\n"
        "import click\n"
        "group.get_command(click.Context(group), 'apply')\n"
        "from pytg.cli import _plugins\n"
        "sys.exit(_plugins.plugin_commands.cache_info().misses)"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
