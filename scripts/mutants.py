"""Random mutants of the code, each given to the unit tests of its room: `make mutants`.

A mutant that survives shows a line that no test looks at, or that says nothing. Changes come from
Cosmic Ray's operators; those that only touch an annotation are left out, for nothing reads them.
"""

from __future__ import annotations

import argparse
import ast
import difflib
import os
import random
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from cosmic_ray.ast import ast_nodes, get_ast
from cosmic_ray.mutating import mutate_code
from cosmic_ray.plugins import get_operator, operator_names

ROOT = Path(__file__).parents[1]
PYTHON = ROOT / ".venv" / "bin" / "python"
CORE = ("pytg/compose", "pytg/record", "pytg/recovery", "pytg/run", "pytg/state", "lambda/docmig")
TIMEOUT_S = 600


@dataclass(frozen=True, slots=True)
class Mutant:
    """`file` with its `occurrence`-th place changed that `operator` can change: `code`."""

    file: Path
    operator: str
    occurrence: int
    code: str


def mutants(file: Path) -> Iterator[Mutant]:
    """Every mutant of a file whose program differs."""
    text = (ROOT / file).read_text("utf-8")
    tree, meaning = get_ast(text), _meaning(text)
    for name in operator_names():
        kind = get_operator(name)
        if kind.arguments():
            continue
        places = sum(1 for node in ast_nodes(tree) for _ in kind().mutation_positions(node))
        for occurrence in range(places):
            code = mutate_code(text, kind(), occurrence)
            if code is not None and _meaning(code) not in {meaning, None}:
                yield Mutant(file, name, occurrence, code)


def _meaning(text: str) -> str | None:
    """The program without its annotations and docstrings; None where it is none."""
    try:
        tree = ast.parse(text)
    except SyntaxError:
        return None
    for node in ast.walk(tree):
        match node:
            case ast.FunctionDef():
                node.returns = None
            case ast.arg():
                node.annotation = None
            case ast.AnnAssign():
                node.annotation = ast.Constant(0)
    return ast.dump(tree)


def tests_of(file: Path) -> list[str]:
    """The tests that a mutant of `file` is given to: its own first, then those of its room."""
    room = "lambda" if file.parts[0] == "lambda" else file.parts[1].removesuffix(".py")
    names = (f"unit/{room}/test_{room}_{file.stem}*.py", f"unit/{room}", f"unit/test_{room}.py")
    found = [sorted((ROOT / "tests").glob(name)) for name in names]
    return [str(test.relative_to(ROOT)) for tests in found for test in tests]


def survives(copy: Path, mutant: Mutant) -> bool:
    """Whether the tests pass on `mutant`; one that hangs is noticed."""
    file = copy / mutant.file
    before = file.read_text("utf-8")
    file.write_text(mutant.code, "utf-8")
    options = ["-q", "-x", "-m", "not slow", "-p", "no:cacheprovider"]
    try:
        done = subprocess.run(
            [PYTHON, "-m", "pytest", *options, *tests_of(mutant.file)],
            cwd=copy,
            env={**os.environ, "PYTHONPATH": str(copy)},
            capture_output=True,
            timeout=TIMEOUT_S,
            check=False,
        )
    except subprocess.TimeoutExpired:
        return False
    finally:
        file.write_text(before, "utf-8")
    return done.returncode == 0


def difference(mutant: Mutant) -> str:
    """What the mutant changes, as a unified diff."""
    before = (ROOT / mutant.file).read_text("utf-8").splitlines()
    name = str(mutant.file)
    return "\n".join(difflib.unified_diff(before, mutant.code.splitlines(), name, name, "", "", 1))


def main(arguments: Sequence[str] | None = None) -> int:
    """Exit 1 where a mutant survives."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--count", type=int, default=64)
    parser.add_argument("--seed", type=int, default=os.getpid())
    parser.add_argument("paths", nargs="*", default=CORE, help="files or directories")
    asked = parser.parse_args(arguments)
    files = sorted(
        found.relative_to(ROOT)
        for path in asked.paths
        for found in ([ROOT / path] if path.endswith(".py") else (ROOT / path).rglob("*.py"))
    )
    every = [mutant for file in files for mutant in mutants(file)]
    order = random.Random(asked.seed)  # noqa: S311 - chosen by chance, and again by its seed
    chosen = order.sample(every, min(asked.count, len(every)))
    print(f"{len(chosen)} of {len(every)} mutants of {len(files)} files, --seed {asked.seed}")
    alive = 0
    with tempfile.TemporaryDirectory() as directory:
        copy = Path(directory) / "copy"
        unwanted = shutil.ignore_patterns(".git", ".venv*", ".pytg", "build", ".*_cache")
        shutil.copytree(ROOT, copy, symlinks=True, ignore=unwanted)
        for number, mutant in enumerate(chosen, 1):
            lives = survives(copy, mutant)
            alive += lives
            print(
                f"{number}: {'SURVIVED' if lives else 'noticed'} {mutant.file} {mutant.operator}",
                flush=True,
            )
            if lives:
                print(difference(mutant))
    print(f"{len(chosen) - alive} of {len(chosen)} noticed")
    return 1 if alive else 0


if __name__ == "__main__":
    sys.exit(main())
