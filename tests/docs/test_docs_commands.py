"""Every command line in the documents is one that pytg takes."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator

import click
import pytest

from pytg.cli._plugins import plugin_commands
from pytg.cli.main import COMMANDS, group
from support.docs_blocks import ROOT, blocks, commands, pages, prose

SHELL = frozenset({"sh", "console", "bash"})
ASSIGNMENT = re.compile(r"^\w+=")
ENDS = re.compile(r"\s(?:\||&&|\|\||;|&|>|2>|\d?>&\d|<<?)\s?.*$|\$\(|\)$|\s#.*$")


def lines(text: str) -> Iterator[str]:
    """What follows `pytg ` wherever a command begins."""
    joined = text.replace("\\\n", " ")
    for line in joined.splitlines():
        for part in re.findall(r"(?:^|\$ |\$\(|&& |; )((?:\w+=\S+ )*pytg .*)", line):
            yield ENDS.sub("", part.split(")", 1)[0] if "$(" in line else part).strip()


def in_blocks() -> Iterator[tuple[str, str]]:
    for page in pages():
        for block in blocks(page):
            if block.kind not in SHELL:
                continue
            texts = [block.text]
            if block.kind == "console" and block.text.startswith("$ "):
                texts = [command.text for command in commands(block)]
            for line in (line for text in texts for line in lines(text)):
                yield f"{page.relative_to(ROOT)}:{block.line}", line


def in_prose() -> Iterator[tuple[str, str]]:
    for page in pages():
        for code in re.findall(r"`(pytg [^`]+)`", prose(page).replace("\n", " ")):
            yield str(page.relative_to(ROOT)), code


def resolve(line: str) -> tuple[click.Command, list[str]]:
    """The command that `line` names, and its arguments."""
    words = [w for w in shlex.split(line) if not ASSIGNMENT.match(w)][1:]
    command: click.Command = group
    while isinstance(command, click.Group):
        context = click.Context(command)
        _, words, _ = command.make_parser(context).parse_args(words)
        if not words:
            break
        found = command.get_command(context, words[0])
        assert found is not None, f"there is no command {words[0]}"
        command, words = found, words[1:]
    return command, words


BLOCKS = sorted(set(in_blocks()))
PROSE = sorted(set(in_prose()))


@pytest.mark.parametrize(("place", "line"), BLOCKS, ids=[f"{p} {t}" for p, t in BLOCKS])
def test_a_command_line_in_a_block_is_valid(place: str, line: str) -> None:
    command, words = resolve(line)
    assert words or not isinstance(command, click.Group) or "--version" in line, place
    if not isinstance(command, click.Group):
        command.make_context(str(command.name), words)


@pytest.mark.parametrize(("place", "line"), PROSE, ids=[f"{p} {t}" for p, t in PROSE])
def test_a_command_in_the_text_and_its_options_exist(place: str, line: str) -> None:
    text = line.replace("…", "x")
    for shown in (re.sub(r"\[.*\]", "", text), text.replace("[", "").replace("]", "")):
        command, words = resolve(shown.replace("|", " "))
        command.make_parser(click.Context(command)).parse_args(words)
    assert place


def test_there_is_something_to_check() -> None:
    assert len(BLOCKS) > 60
    assert len(PROSE) > 20


@pytest.mark.parametrize(
    "line", ["pytg pln", "pytg plan --enviroment dev", "pytg schema --level planet", "pytg explain"]
)
def test_a_wrong_line_is_seen(line: str) -> None:
    with pytest.raises((AssertionError, click.ClickException)):
        test_a_command_line_in_a_block_is_valid("here", line)


def test_the_readme_lists_every_command() -> None:
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    table = text.split("| command | does |")[1].split("\n\n")[0]
    cells = re.findall(r"^\| (`.*?) \|", table, re.MULTILINE)
    listed = [
        n.removeprefix("pytg ") for cell in cells for n in re.findall(r"`([^`-][^`]*)`", cell)
    ]
    assert sorted(listed) == sorted({*COMMANDS, *plugin_commands()})


WORKING = sorted(
    set(COMMANDS) - {"doctor", "explain", "output", "recover", "schema", "tf", "unlock", "validate"}
)


@pytest.mark.parametrize("name", WORKING)
def test_a_command_that_works_on_units_takes_a_region(name: str) -> None:
    command = group.get_command(click.Context(group), name)
    assert command is not None
    options = {option for parameter in command.params for option in parameter.opts}
    assert {
        "--account",
        "--region",
        "--env",
        "--suffix",
        "--module",
        "--select",
        "--exclude",
    } <= options
