"""Write what `docs/reference` takes from the code; with `--check`, only say what is stale.

`commands.md` comes from click's own definitions, `stateful.md` from its list, `schemas/` from the
models of the configuration and of the run record.
"""

from __future__ import annotations

import inspect
import json
import sys
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

import click

from docmig_console.console import group as console
from pytg.cli.main import group
from pytg.config.schema import FILES, json_schema
from pytg.config.stateful import DEFAULT
from pytg.record.schema import schemas

ROOT = Path(__file__).resolve().parents[1]
REFERENCE = ROOT / "docs" / "reference"
SELECTING = ("account", "region", "env", "module", "select", "exclude", "suffix")

HEAD = """\
# Commands

<!-- Written by `make docs` from the commands themselves: do not edit. -->

An option can come from the environment variable beside it. A flag wins over its variable, the
variable over the configuration, the configuration over the default. A variable of an option that
may be repeated takes several values with blanks between them; one of a flag takes `1`.

What programs read goes to standard output, what people read to standard error. How the exit code
is chosen stands in [exit codes](exit-codes.md).
"""

STATEFUL_HEAD = """\
# Stateful resource types

<!-- Written by `make docs` from the code: do not edit. -->

Where `protected: true` holds, deleting or replacing a resource of these types must be named on the
command line ([how](../how-to/protect.md)): its data goes with it. `stateful` in `config.yaml` adds
a type, takes one away with `"!TYPE"`, and takes all of these away with `"!*"`; where nothing is
left to guard and something is protected, pytg warns. What a plan makes again from the
configuration, such as a parameter or a topic, is not here, and neither is a machine, whose disks
are its own matter.

"""

SELECTING_HEAD = """\
## Selecting options

Many commands take these. Values of one option unite, different options intersect; the whole
grammar is in [selection](selection.md).
"""

VARIABLES = {
    "PYTG_TERRAFORM": "The Terraform or OpenTofu binary; wins over `terraform.binary`.",
    "PYTG_PROVIDER_MIRROR": "A directory that is a provider mirror.",
    "PYTG_TERRAFORM_RELEASES": (
        "Where `make setup` fetches Terraform from, instead of HashiCorp's release site."
    ),
    "PYTG_TF_LOG": "Terraform's log level; the log goes to the run's directory.",
    "PYTG_SANDBOX_DIR": "Where the embedded AWS keeps its files; default `.pytg/sandbox`.",
}


def documents() -> dict[Path, str]:
    """Every generated file and its text."""
    found = {REFERENCE / "commands.md": commands_page(), REFERENCE / "stateful.md": stateful_page()}
    for level in FILES:
        text = json.dumps(json_schema(level), indent=2) + "\n"
        found[REFERENCE / "schemas" / f"{level}.schema.json"] = text
    for name, schema in schemas().items():
        text = json.dumps(schema, indent=2) + "\n"
        found[REFERENCE / "schemas" / f"{name}.schema.json"] = text
    return found


def stateful_page() -> str:
    """The page of the resource types that are guarded without being told."""
    return STATEFUL_HEAD + "".join(f"* `{kind}`\n" for kind in sorted(DEFAULT))


def commands_page() -> str:
    """The page of all commands."""
    root = click.Context(group, info_name="pytg")
    parts = [HEAD, "## Options of `pytg` itself\n", _table(_options(group)), SELECTING_HEAD]
    parts.append(_table(_selecting(root)))
    for name, command in _children(group, root):
        parts += _section(command, click.Context(command, info_name=name, parent=root), 2)
    parts += _section(console, click.Context(console, info_name="docmig"), 2)
    parts.append("## Other environment variables\n")
    parts.append(_rows(("variable", "meaning"), ((f"`{k}`", v) for k, v in VARIABLES.items())))
    return "\n".join(parts)


def _section(command: click.Command, context: click.Context, level: int) -> Iterator[str]:
    yield f"{'#' * level} `{context.command_path}`\n"
    yield inspect.cleandoc(command.help or "") + "\n"
    if isinstance(command, click.Group):
        if options := _options(command):
            yield _table(options)
        for name, child in _children(command, context):
            inner = click.Context(child, info_name=name, parent=context)
            yield from _section(child, inner, level + 1)
        return
    usage = " ".join(command.collect_usage_pieces(context))
    yield f"```\n{context.command_path} {usage}\n```\n"
    options = _options(command)
    if _takes_selecting(options):
        yield "It takes the [selecting options](#selecting-options).\n"
        options = [option for option in options if option.name not in SELECTING]
    if options:
        yield _table(options)


def _options(command: click.Command) -> list[click.Option]:
    return [
        parameter
        for parameter in command.params
        if isinstance(parameter, click.Option)
        and not parameter.hidden
        and parameter.name != "version"
    ]


def _takes_selecting(options: Iterable[click.Option]) -> bool:
    return set(SELECTING) <= {option.name for option in options}


def _selecting(root: click.Context) -> list[click.Option]:
    commands = dict(_children(group, root))
    return [option for option in _options(commands["ls"]) if option.name in SELECTING]


def _children(parent: click.Group, context: click.Context) -> Iterator[tuple[str, click.Command]]:
    for name in parent.list_commands(context):
        command = parent.get_command(context, name)
        if command is not None:
            yield name, command


def _table(options: Iterable[click.Option]) -> str:
    rows = ((_names(o), _variable(o), _default(o), _meaning(o)) for o in options)
    return _rows(("option", "variable", "default", "meaning"), rows)


def _rows(head: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> str:
    lines = [head, ("---",) * len(head), *rows]
    escaped = ([cell.replace("|", r"\|") for cell in row] for row in lines)
    return "".join(f"| {' | '.join(row)} |\n" for row in escaped)


def _names(option: click.Option) -> str:
    value = "" if option.is_flag else f" {option.make_metavar(click.Context(group))}"
    return ", ".join(f"`{name}{value}`" for name in sorted(option.opts, key=len, reverse=True))


def _variable(option: click.Option) -> str:
    return f"`{option.envvar}`" if option.envvar else ""


def _default(option: click.Option) -> str:
    plain = isinstance(option.default, str | int | float) and not isinstance(option.default, bool)
    return f"`{option.default}`" if plain else ""


def _meaning(option: click.Option) -> str:
    return f"{option.help or ''}{' May be repeated.' if option.multiple else ''}".strip()


def stale(wanted: Mapping[Path, str]) -> list[Path]:
    """The files that are not as they should be, those that should not be there included."""
    there = set((REFERENCE / "schemas").glob("*"))
    wrong = {p for p, text in wanted.items() if not p.is_file() or p.read_text("utf-8") != text}
    return sorted(wrong | (there - wanted.keys()))


def main(arguments: list[str]) -> int:
    """Write the files, or check them; returns the exit code."""
    wanted = documents()
    wrong = stale(wanted)
    for path in wrong:
        print(path.relative_to(ROOT))
    if "--check" in arguments:
        if wrong:
            print("stale: run `make docs`", file=sys.stderr)
        return 1 if wrong else 0
    for path in wrong:
        if path in wanted:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(wanted[path], encoding="utf-8")
        else:
            path.unlink()
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
