"""The fenced blocks of a Markdown page: files to write, and commands to run and compare.

A block is a file when the paragraph right above it is nothing but "`its/path`:". A `console`
block holds commands after `$ `, going on after `> `, each followed by what it prints. There `...`
stands for anything: alone on a line for any lines, within a line for any characters.
"""

from __future__ import annotations

import io
import os
import re
import shlex
import sys
from collections.abc import Iterator
from contextlib import chdir, redirect_stderr, redirect_stdout
from dataclasses import dataclass
from pathlib import Path
from unittest.mock import patch

from pytg.terraform.binary import find_terraform
from support.command import run as command_run
from support.process import run

ROOT = Path(__file__).parents[2]
FENCE = re.compile(r"^```(\w*)$")
SHELL = re.compile(r"[|&;<>$`\n]")  # what a shell must read
NAMED = re.compile(r"^`([^`]+)`:$")


@dataclass(frozen=True)
class Block:
    """`line` is that of the opening fence; `path` is None where the block is no file."""

    page: Path
    line: int
    kind: str
    text: str
    path: str | None = None

    @property
    def place(self) -> str:
        return f"{self.page.name}:{self.line}"


@dataclass(frozen=True)
class Command:
    """What stands after `$ `, and what is said to come of it."""

    text: str
    expected: str

    @property
    def fails(self) -> bool:
        """A command is meant to fail where its output has an error."""
        return re.search(r"^error: ", self.expected, re.MULTILINE) is not None


def pages() -> list[Path]:
    """Every Markdown page of the repository."""
    found = (p for p in ROOT.rglob("*.md") if not any(x.startswith(".") for x in _parts(p)))
    return sorted(p for p in found if "build" not in _parts(p))


def blocks(page: Path) -> Iterator[Block]:
    """The fenced blocks of `page`, in order."""
    lines = page.read_text(encoding="utf-8").splitlines()
    start, kind = None, ""
    for number, line in enumerate(lines):
        fence = FENCE.match(line)
        if start is None and fence:
            start, kind = number, fence[1]
        elif start is not None and line == "```":
            text = "".join(f"{t}\n" for t in lines[start + 1 : number])
            above = next((t for t in reversed(lines[:start]) if t), "")
            named = NAMED.match(above)
            yield Block(page, start + 1, kind, text, named[1] if named else None)
            start = None
    assert start is None, f"{page}:{start}: a fence without an end"


def commands(block: Block) -> list[Command]:
    """The commands of a `console` block."""
    parts = re.split(r"^\$ ", block.text, flags=re.MULTILINE)
    assert not parts[0].strip(), f"{block.place}: a console block begins with `$ `"
    return [_command(part.splitlines()) for part in parts[1:]]


def _command(lines: list[str]) -> Command:
    """The lines after `> ` belong to the command, as in a shell."""
    length = 1
    while length < len(lines) and lines[length].startswith("> "):
        length += 1
    text = [lines[0], *(line.removeprefix("> ") for line in lines[1:length])]
    return Command("\n".join(text), "".join(f"{line}\n" for line in lines[length:]))


def prose(page: Path) -> str:
    """The page without its fenced blocks."""
    return re.sub(r"^```.*?^```$", "", page.read_text("utf-8"), flags=re.MULTILINE | re.DOTALL)


def play(page: Path, root: Path) -> int:
    """Write the files of `page` and run its commands in `root`; returns how many commands."""
    directory, count = root, 0
    for block in blocks(page):
        if block.path is not None:
            write(block, root)
        elif block.kind == "console":
            for command in commands(block):
                where = _changed(command, root, directory)
                if where is None:
                    _run(block, command, directory)
                directory = where or directory
                count += 1
    return count


def write_files(page: Path, root: Path) -> None:
    """Write the files of `page` and run nothing."""
    for block in blocks(page):
        if block.path is not None:
            write(block, root)


def write(block: Block, root: Path) -> None:
    """Write a file block below `root`."""
    assert block.path is not None
    path = root / block.path
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(block.text, encoding="utf-8")


def matches(expected: str, output: str) -> bool:
    """Whether `output` is what `expected` says."""
    pattern = ""
    for line in expected.splitlines():
        inside = ".*".join(re.escape(part) for part in line.rstrip().split("..."))
        pattern += r"(?:.*\n)*" if line == "..." else rf"{inside}\n"
    plain = "".join(f"{line.rstrip()}\n" for line in output.splitlines())
    return re.fullmatch(pattern, plain) is not None


def clean_environment() -> dict[str, str]:
    """The environment of a person with pytg and Terraform on PATH and nothing else set."""
    foreign = ("PYTG_", "TF_", "AWS_")
    kept = {k: v for k, v in os.environ.items() if not k.startswith(foreign)}
    terraform = find_terraform("terraform", ROOT).path.parent
    path = os.pathsep.join((str(Path(sys.executable).parent), str(terraform), kept["PATH"]))
    return {**kept, "PATH": path, "NO_COLOR": "1"}


def _changed(command: Command, root: Path, directory: Path) -> Path | None:
    """Where a `cd` goes: one command has no effect on the shell of the next."""
    words = command.text.split()
    if words[0] != "cd":
        return None
    where = root if words[1] == "-" else directory / words[1]
    assert where.is_dir(), command.text
    return where


def _run(block: Block, command: Command, directory: Path) -> None:
    if command.text.startswith("pytg ") and not SHELL.search(command.text):
        code, output = _pytg(shlex.split(command.text)[1:], directory)
    else:
        # what was killed in the background is dead when the next command begins
        text = f"trap 'wait 2>/dev/null' EXIT\n{command.text}"
        done = run(["bash", "-c", text], directory, clean_environment(), merged=True)
        code, output = done.returncode, done.stdout
    said = f"{block.place}: $ {command.text}\n--- expected\n{command.expected}"
    said += f"--- was (exit {code})\n{output}"
    assert (code != 0) == command.fails, said
    plain = re.sub(r"\x1b\[[0-9;]*m", "", output)
    assert matches(command.expected, plain), said


def _pytg(arguments: list[str], directory: Path) -> tuple[int, str]:
    """Run it in this process, which need not load it anew: the exit code and all that it said."""
    said = io.TextIOWrapper(io.BytesIO(), encoding="utf-8", write_through=True)
    alone = patch.dict(os.environ, clean_environment(), clear=True)
    with chdir(directory), alone, redirect_stdout(said), redirect_stderr(said):
        code = command_run(*arguments)
    said.seek(0)
    return code, said.read()


def _parts(path: Path) -> tuple[str, ...]:
    return path.relative_to(ROOT).parts
