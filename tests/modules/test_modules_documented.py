"""What every module owes its readers, read from its own files."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from pytg.config.modules import read_module
from pytg.errors import Problem
from pytg.model import Module, Scope

ROOT = Path(__file__).parents[2]
MODULES = sorted(p.name for p in (ROOT / "modules").iterdir() if p.is_dir())


@pytest.fixture(params=MODULES)
def module(request: pytest.FixtureRequest) -> Module:
    problems: list[Problem] = []
    name = request.param
    found = read_module(ROOT, name, f"modules/{name}", Scope.REGION, problems.append)
    assert problems == []
    return found.module


def _sources(module: Module) -> str:
    return "\n".join(path.read_text(encoding="utf-8") for path in sorted(module.path.glob("*.tf")))


def test_readme_lists_every_input_and_output(module: Module) -> None:
    wanted = [
        f"| `{v.name}` | {'yes' if v.required else 'no'} | {' '.join(v.description.split())} |"
        for v in module.variables.values()
    ] + [f"| `{o.name}` | {' '.join(o.description.split())} |" for o in module.outputs.values()]
    rows = [
        line
        for line in (module.path / "README.md").read_text(encoding="utf-8").splitlines()
        if line.startswith("| `")
    ]
    missing = [row for row in wanted if row not in rows]
    assert not missing, "put these rows into the README:\n" + "\n".join(missing)


def test_readme_lists_no_input_or_output_that_is_gone(module: Module) -> None:
    text = (module.path / "README.md").read_text(encoding="utf-8").split("## Inputs")[1]
    listed = set(re.findall(r"^\| `(\w+)` \|", text, re.MULTILINE))
    assert listed == set(module.variables) | set(module.outputs)


def test_every_variable_has_a_precise_type_and_says_whether_null_is_a_value(module: Module) -> None:
    for variable in module.variables.values():
        assert variable.description, variable.name
        assert variable.type, variable.name
        assert not re.search(r"\bany\b", variable.type), variable.name
    block = re.compile(r'^variable "(\w+)" \{$(.*?)^\}$', re.MULTILINE | re.DOTALL)
    blocks = block.findall(_sources(module))
    silent = [name for name, body in blocks if not re.search(r"^  nullable +=", body, re.MULTILINE)]
    assert silent == []
    assert len(blocks) == len(module.variables)


def test_every_output_says_what_it_is(module: Module) -> None:
    assert [o.name for o in module.outputs.values() if not o.description] == []


def test_a_module_has_no_provider_or_backend_block(module: Module) -> None:
    assert not re.search(r'^\s*(provider|backend|cloud) *["{]', _sources(module), re.MULTILINE)
    assert module.providers == {"aws"}
    assert module.aliases == frozenset()


def test_versions_are_bounded(module: Module) -> None:
    text = (module.path / "versions.tf").read_text(encoding="utf-8")
    assert 'required_version = ">= 1.11"' in text
    assert 'version = ">= 5.100.0, < 6.0"' in text


def test_tests_are_there(module: Module) -> None:
    assert list((module.path / "tests").glob("*.tftest.hcl"))
