"""What every module owes its readers, read from its own files."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from estate import copy_estate
from pytg.config.modules import read_module
from pytg.model import Module, Scope
from pytg.terraform.provider_mirror import cli_config
from support.sandbox_server import AWS, SandboxServer, Terraform

ROOT = Path(__file__).parents[2]
MODULES = sorted(p.name for p in (ROOT / "modules").iterdir() if p.is_dir())


@pytest.fixture(params=MODULES)
def module(request: pytest.FixtureRequest) -> Module:
    name = request.param
    found = read_module(ROOT, name, f"modules/{name}", Scope.REGION)
    assert found.module.broken == ()
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


def test_readme_says_what_a_change_does(module: Module) -> None:
    """In place or replaced; a module that only looks has nothing to say."""
    text = (module.path / "README.md").read_text(encoding="utf-8")
    assert "| change | effect |" in text or "\nresource " not in _sources(module)


def test_readme_has_an_example(module: Module) -> None:
    assert f'"../modules/{module.name}"' in "".join(_examples(module.path))


def _examples(path: Path) -> list[str]:
    text = (path / "README.md").read_text(encoding="utf-8")
    return re.findall(r"^```hcl\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)


PROVIDERS = """
terraform {{
  required_providers {{
    aws = {{
      source  = "hashicorp/aws"
      version = "5.100.0"
    }}
  }}
}}

provider "aws" {{
  region              = "us-east-1"
  profile             = "sandbox"
  shared_config_files = ["{config}"]
}}

provider "aws" {{
  alias               = "target"
  region              = "eu-west-1"
  profile             = "sandbox"
  shared_config_files = ["{config}"]
}}
"""


@pytest.mark.slow
def test_the_examples_plan_together(sandbox: SandboxServer, tmp_path: Path) -> None:
    """All READMEs in one root: each example is whole, and their references fit."""
    root = copy_estate(tmp_path / "estate") / "example"
    root.mkdir()
    texts = [text for name in MODULES for text in _examples(ROOT / "modules" / name)]
    providers = PROVIDERS.format(config=sandbox.control.config_file)
    (root / "main.tf").write_text("\n".join([providers.lstrip(), *texts]), encoding="utf-8")
    terraform = Terraform(root, cli_config(tmp_path, [AWS], {}))
    terraform.succeed("init", "-input=false")
    said = terraform.succeed("fmt", "-check", "-diff") + terraform.succeed("plan", "-input=false")
    assert " 0 to change, 0 to destroy." in said


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
    makes_something = re.search(r'^(resource|data) "aws_', _sources(module), re.MULTILINE)
    assert module.providers == ({"aws"} if makes_something else set())
    assert module.aliases == frozenset()


def test_versions_are_bounded(module: Module) -> None:
    text = (module.path / "versions.tf").read_text(encoding="utf-8")
    assert 'required_version = ">= 1.11"' in text
    assert not module.providers or 'version = ">= 5.100.0, < 6.0"' in text


def test_tests_are_there(module: Module) -> None:
    assert list((module.path / "tests").glob("*.tftest.hcl"))
