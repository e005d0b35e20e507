"""Commands that a hint names work on what the command line worked on: with its suffix too."""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Mapping, Sequence

# those that take an address, or a selection, and a suffix
_COMMAND = re.compile(
    r"`pytg (?:apply|destroy|plan|recover|tf|output|explain|state (?:mv|restore|show|list))"
    r" [^`]*`"
)


def suffix_of(args: Sequence[str], environ: Mapping[str, str]) -> str:
    """The suffix that is asked for by `args`, or the environment; empty where none is."""
    for place, arg in enumerate(args):
        name, given, value = arg.partition("=")
        if name == "--suffix":
            return value if given else next(iter(args[place + 1 :]), "")
        if name == "--":
            break
    return environ.get("PYTG_SUFFIX", "")


def with_suffix(text: str, suffix: str) -> str:
    """`text` with `--suffix` in each command in it that names units; before what is Terraform's."""

    def add(found: re.Match[str]) -> str:
        command = found[0]
        if not suffix or "--suffix" in command:
            return command
        own, mark, rest = command.removesuffix("`").partition(" -- ")
        return f"{own} --suffix {suffix}{mark}{rest}`"

    return _COMMAND.sub(add, text)


def hinted(text: str) -> str:
    """The same with the suffix of this process's command line."""
    return with_suffix(text, suffix_of(sys.argv[1:], os.environ))
