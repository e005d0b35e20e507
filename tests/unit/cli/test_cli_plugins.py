"""Commands and checks that another distribution adds."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from textwrap import dedent

import pytest

from pytg.cli._plugins import plugin_commands
from support.project import Done, Project

pytestmark = pytest.mark.usefixtures("installed")

MODULE = """
    import click

    from pytg.plugin import NOTE, Check, Context

    @click.command()
    @click.pass_obj
    def command(context: Context) -> None:
        '''Say how many units there are.'''
        click.echo(f"{len(context.project().estate.units)} units")

    def check(root, project):
        if project is None:
            raise KeyError("units")
        yield Check("counting", NOTE, f"{len(project.estate.units)} can be counted")
    """


@pytest.fixture
def installed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """The directory that the distribution `pytg-count` is installed in, as this process sees it."""
    site = tmp_path / "site"
    metadata = site / "pytg_count-1.0.dist-info"
    metadata.mkdir(parents=True)
    (site / "pytg_count.py").write_text(dedent(MODULE), encoding="utf-8")
    about = "Metadata-Version: 2.1\nName: pytg-count\nVersion: 1.0\nSummary: Counts units.\n"
    (metadata / "METADATA").write_text(about, encoding="utf-8")
    entries = dedent(
        """
        [pytg.commands]
        count = pytg_count:command
        broken = pytg_count:not_there
        odd = pytg_count:check
        validate = pytg_count:command

        [pytg.checks]
        count = pytg_count:check
        """
    )
    (metadata / "entry_points.txt").write_text(entries, encoding="utf-8")
    monkeypatch.syspath_prepend(site)
    plugin_commands.cache_clear()
    yield site
    plugin_commands.cache_clear()
    sys.modules.pop("pytg_count", None)


def pytg(root: Path, *arguments: str) -> Done:
    return Project(root).pytg(*arguments, expect=None)


def test_its_command_gets_the_project(estate_root: Path, installed: Path) -> None:
    path = os.pathsep.join(filter(None, (str(installed), os.environ.get("PYTHONPATH"))))
    command = [sys.executable, "-m", "pytg.cli.main", "-C", str(estate_root), "count"]
    env = {**os.environ, "PYTHONPATH": path}
    done = subprocess.run(command, env=env, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (0, "18 units\n"), done.stderr


def test_help_shows_what_its_distribution_says(estate_root: Path) -> None:
    done = pytg(estate_root, "--help")
    assert done.code == 0
    assert "  count        Counts units.\n" in done.out


def test_a_name_of_pytgs_own_stays_its_own(estate_root: Path) -> None:
    assert "valid" in pytg(estate_root, "validate").err


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("broken", "error: `broken` of pytg-count cannot be loaded: AttributeError"),
        ("odd", "error: `pytg_count:check` of pytg-count is no click command"),
    ],
)
def test_one_that_cannot_be_loaded_is_an_error_with_its_name(
    estate_root: Path, name: str, said: str
) -> None:
    done = pytg(estate_root, name)
    assert done.code == 6
    assert done.err.startswith(said)
    assert "Traceback" not in done.err


def test_its_check_is_among_those_of_doctor(estate_root: Path) -> None:
    done = pytg(estate_root, "doctor")
    assert "note     counting       18 can be counted\n" in done.out


def test_a_check_that_fails_is_said_to_be_its_own(tmp_path: Path) -> None:
    done = pytg(tmp_path, "doctor")
    assert "the check of pytg-count failed: KeyError('units')" in done.out
    assert "Traceback" not in done.err


def test_a_near_name_of_a_plugin_is_suggested(estate_root: Path) -> None:
    done = pytg(estate_root, "cuont")
    assert "Did you mean 'count'?" in done.err


@pytest.mark.parametrize("found", ["1", "Check('counting', 'odd', '5')"])
def test_what_is_no_check_is_told_of_its_distribution(
    estate_root: Path, installed: Path, found: str
) -> None:
    module = installed / "pytg_count.py"
    module.write_text(f"{module.read_text()}\ndef check(root, project):\n    yield {found}\n")
    done = pytg(estate_root, "doctor", "--json")
    (told,) = [c for c in json.loads(done.out)["checks"] if c["name"] == "count"]
    assert told["state"] == "missing"
    assert "the check of pytg-count failed" in told["found"]
    assert "is no check" in told["found"]


def test_a_plugin_that_ends_the_process_is_told(estate_root: Path, installed: Path) -> None:
    (installed / "pytg_count.py").write_text("raise SystemExit(7)\n")
    done = pytg(estate_root, "count")
    assert done.code == 6
    assert "`count` of pytg-count cannot be loaded: SystemExit(7)" in done.err
