"""Which files are read, and what each way of writing a module declares."""

from __future__ import annotations

from pathlib import Path

import pytest

from pytg.config.module_files import OPENTOFU, TERRAFORM, module_files
from pytg.config.modules import DeclaredModule, read_module
from pytg.errors import Problem
from pytg.model import Scope

BASE = 'variable "a" {\n  type = string\n}\n'


def read(
    root: Path, files: dict[str, str | bytes], flavour: str = TERRAFORM
) -> tuple[DeclaredModule, list[Problem]]:
    (root / "m").mkdir(exist_ok=True)
    for name, text in files.items():
        content = text.encode() if isinstance(text, str) else text
        (root / "m" / name).write_bytes(content)
    declared = read_module(root, "m", "m", Scope.REGION, flavour)
    return declared, [*declared.module.broken, *declared.mistakes]


def told(problems: list[Problem]) -> list[str]:
    return [str(problem) for problem in problems]


@pytest.mark.parametrize("name", [".#main.tf", "._main.tf", "main.tf~", "#main.tf#", "old.tf.bak"])
def test_what_editors_leave_is_not_read(tmp_path: Path, name: str) -> None:
    declared, problems = read(tmp_path, {"main.tf": BASE, name: "\x00 { not HCL"})
    assert (list(declared.module.variables), problems) == (["a"], [])


def test_a_link_of_an_editor_that_leads_nowhere_is_not_read(tmp_path: Path) -> None:
    read(tmp_path, {"main.tf": BASE})
    (tmp_path / "m/.#main.tf").symlink_to("me@host.1234")
    assert read(tmp_path, {})[1] == []


def test_a_directory_is_no_file(tmp_path: Path) -> None:
    (tmp_path / "m/x.tf").mkdir(parents=True)
    declared, problems = read(tmp_path, {"main.tf": BASE})
    assert (list(declared.module.variables), problems) == (["a"], [])


@pytest.mark.parametrize("name", ["override.tf", "x_override.tf", "a_override.tf"])
def test_an_override_changes_what_another_file_declares(tmp_path: Path, name: str) -> None:
    change = 'variable "a" {\n  default = "x"\n  description = "new"\n}\n'
    declared, problems = read(tmp_path, {"main.tf": BASE, name: change})
    assert problems == []
    variable = declared.module.variables["a"]
    assert (variable.type, variable.required, variable.description) == ("string", False, "new")
    assert str(declared.places["variable.a"]) == "m/main.tf:1"


def test_an_override_in_json(tmp_path: Path) -> None:
    change = '{"variable": {"a": {"sensitive": true}}}'
    declared, problems = read(tmp_path, {"main.tf": BASE, "override.tf.json": change})
    assert (declared.module.variables["a"].sensitive, problems) == (True, [])


def test_an_override_of_nothing_is_told(tmp_path: Path) -> None:
    _, problems = read(tmp_path, {"main.tf": BASE, "override.tf": '\nvariable "aa" {}\n'})
    assert told(problems) == [
        (
            "m/override.tf:2: variable aa is overridden here, and no other file declares it\n"
            "    did you mean `a`?"
        )
    ]


def test_what_one_file_declares_twice_is_told(tmp_path: Path) -> None:
    _, problems = read(tmp_path, {"main.tf": BASE + BASE})
    assert told(problems) == ["m/main.tf:4: variable a is declared twice\n    first in m/main.tf:1"]


JSON = """\
{
  "//": "see ${var.nowhere}",
  "terraform": [{"required_providers": {"aws": {
    "source": "hashicorp/aws", "configuration_aliases": ["aws.peer"]
  }}}],
  "variable": {
    "size": {"type": "number", "default": 1},
    "names": {"type": "list(string)", "description": "say \\"who\\""}
  },
  "module": {"s": {"source": "../s"}},
  "resource": {"terraform_data": {"one": {"input": "${var.size}"}, "two": [{}]}},
  "output": {"id": {"value": "${terraform_data.one.id}", "sensitive": true}}
}
"""


@pytest.mark.parametrize("mixed", [{}, {"main.tf": BASE}])
def test_json_declares_the_same(tmp_path: Path, mixed: dict[str, str | bytes]) -> None:
    (tmp_path / "s").mkdir()
    declared, problems = read(tmp_path, {"more.tf.json": JSON, **mixed})
    module = declared.module
    assert problems == []
    assert {"size", "names"} <= set(module.variables)
    assert module.variables["names"].type == "list(string)"
    assert module.variables["names"].description == 'say "who"'
    assert (module.variables["size"].required, module.variables["names"].required) == (False, True)
    assert module.outputs["id"].sensitive
    assert (module.providers, module.aliases) == ({"aws"}, {("aws", "peer")})
    assert module.parts == {"module.s", "terraform_data.one", "terraform_data.two"}
    assert str(declared.places["variable.names"]) == "m/more.tf.json:8"


def test_json_may_be_a_list_of_bodies(tmp_path: Path) -> None:
    text = '[{"variable": {"a": {}}}, {"variable": {"b": {}}}]'
    assert set(read(tmp_path, {"x.tf.json": text})[0].module.variables) == {"a", "b"}


def test_json_that_is_broken_is_told_with_its_place(tmp_path: Path) -> None:
    declared, problems = read(tmp_path, {"x.tf.json": '{\n  "variable": }\n'})
    assert [str(problem.position) for problem in problems] == ["m/x.tf.json:2"]
    assert not declared.complete


def test_opentofu_reads_its_own_files_in_place_of_others(tmp_path: Path) -> None:
    files: dict[str, str | bytes] = {
        "main.tf": BASE,
        "main.tofu": 'variable "b" {}\n',
        "more.tofu": 'variable "c" {}\n',
        "j.tf.json": '{"variable": {"d": {}}}',
        "j.tofu.json": '{"variable": {"e": {}}}',
    }
    assert set(read(tmp_path, files)[0].module.variables) == {"a", "d"}
    assert set(read(tmp_path, files, OPENTOFU)[0].module.variables) == {"b", "c", "e"}


def test_a_directory_that_is_not_there_has_no_files(tmp_path: Path) -> None:
    assert module_files(tmp_path / "gone") == ([], [])


@pytest.mark.parametrize(
    "text",
    [
        b'variable "a" {} # caf\xe9\n',
        b'/* caf\xe9 */ variable "a" {}',
        b'\xef\xbb\xbfvariable "a" {}\r\n',
        'variable "a" {}\nlocals {\n  y = "${~ var.a ~}"\n}\n',
        'variable "a" {\n  default = /* c */ 1\n}\n',
        'variable "a" { default = { b = 1, c : [2,\n 3] } }\n',
        'variable "a" {}\nlocals { größe = var.a }\n',
        'variable "a" {}\nlocals {\n  हिन्दी = var.a\n  び = var.a\n}\n',
        'variable "a" {\n  description = <<-E\n    ${join(",", ["}"])} $${x} "\n  E\n}\n',
        'variable "a" {}\nlocals {\n  x = aws_s3_bucket.b.*\n  y = a.0.b\n  z = -1 % 2\n}\n',
        'variable "a" {}\nlocals {\n  x = "%{ if var.a }a%{ else ~}b%{ endif }%%{ $${"\n}\n',
        'variable "a" {}\nlocals {\n  x = "${var.a["k"]} \\" \\u00e9"\n  y = p::x::f(1)\n}\n',
        'variable "a" {}\nlocals {\n  x = [for k, v in var.a : k if v != ""]\n}\n',
        'variable "a" {}\nlocals {\n  x = (\n    1\n    + 2\n  )\n  y = f(1, [2]...)\n}\n',
    ],
)
def test_what_terraform_reads_is_read(tmp_path: Path, text: str | bytes) -> None:
    declared, problems = read(tmp_path, {"main.tf": text})
    assert (list(declared.module.variables), problems) == (["a"], [])
    assert declared.complete


@pytest.mark.parametrize(
    ("text", "line"),
    [
        (b'variable "a" {\n  default = "caf\xe9"\n}\n', 2),
        ('variable "a" {\n  default = \n}\n', 2),
        ('variable "a" {\n  default = 1 +\n}\n', 2),
        ('variable "a" {\n  default = 1 2\n}\n', 2),
        ('variable "a" {\n  default = "x\n}\n', 2),
        ('variable "a" {\n  default = [1\n', 3),
        ('variable "a" {\n  default = (1]\n}\n', 2),
        ('variable "a" {\n  default = 1\n  default = 2\n}\n', 3),
        ('variable "a" {\n', 2),
        ("variable {}\n", 1),
        ('output "x" {\n  value = <<E\n  never closed\n}\n', 2),
        ("/* never closed\n", 1),
        ('output "x" {\n  value = "${a"\n}\n', 2),
        ("}\n", 1),
        ("a b\n", 1),
        ('variable "a" {} variable "b" {}\n', 1),
    ],
)
def test_what_terraform_refuses_is_told_with_its_place(
    tmp_path: Path, text: str | bytes, line: int
) -> None:
    declared, problems = read(tmp_path, {"main.tf": text})
    assert [str(problem.position) for problem in problems] == [f"m/main.tf:{line}"]
    assert "module `m`: not valid HCL" in problems[0].message
    assert not declared.complete


@pytest.mark.parametrize(
    "use",
    ["var.cidrr", '"x${upper(var.cidrr)}"', "<<E\n  ${var.cidrr}\nE", "[for x in [1] : var.cidrr]"],
)
def test_a_variable_that_is_not_declared_is_told(tmp_path: Path, use: str) -> None:
    text = f'variable "cidr" {{}}\noutput "a" {{\n  value = {use}\n}}\n'
    _, problems = read(tmp_path, {"main.tf": text})
    line = 4 if use.startswith("<<") else 3
    assert told(problems) == [
        f"m/main.tf:{line}: this module declares no variable `cidrr`\n    did you mean `cidr`?"
    ]


@pytest.mark.parametrize("use", ["local.var.cidrr", '"$${var.cidrr}"', "[for var in [] : var.x]"])
def test_what_only_looks_like_a_variable_is_none(tmp_path: Path, use: str) -> None:
    assert read(tmp_path, {"main.tf": f"locals {{\n  a = {use}\n}}\n"})[1] == []


def test_with_a_broken_file_nothing_is_said_of_variables(tmp_path: Path) -> None:
    _, problems = read(tmp_path, {"a.tf": "}", "main.tf": "locals {\n  a = var.b\n}\n"})
    assert len(problems) == 1


def test_what_is_wrong_in_a_local_module_that_it_calls_is_told_once(tmp_path: Path) -> None:
    for path, text in {
        "m/part": 'module "deep" {\n  source = "../../deep"\n}\nlocals {\n  a = var.nope\n}\n',
        "deep": 'module "again" {\n  source = "../m"\n}\nlocals {\n  a = var.cidrr\n}\n',
    }.items():
        (tmp_path / path).mkdir(parents=True)
        (tmp_path / path / "main.tf").write_text(text)
    text = 'module "a" {\n  source = "./part"\n}\nmodule "b" {\n  source = "./part"\n}\n'
    _, problems = read(tmp_path, {"main.tf": text})
    assert told(problems) == [
        "m/part/main.tf:5: this module declares no variable `nope`",
        "deep/main.tf:5: this module declares no variable `cidrr`",
    ]


def test_a_local_module_that_cannot_be_read_breaks_what_calls_it(tmp_path: Path) -> None:
    (tmp_path / "m" / "part").mkdir(parents=True)
    (tmp_path / "m" / "part" / "main.tf").write_text("locals {\n  a = var.nope\n")
    calls = "".join(
        f'module "{name}" {{\n  source = "{source}"\n}}\n'
        for name, source in (("a", "./part"), ("b", "./gone"), ("c", "./main.tf"))
    )
    declared, _ = read(tmp_path, {"main.tf": calls})
    assert told(list(declared.module.broken)) == [
        (
            "m/part/main.tf:3: module `m`: not valid HCL: the block of line 1 is not closed\n"
            "    `terraform fmt` says more about it"
        ),
        (
            "m/main.tf:4: module `m` calls what is not there: there is no m/gone\n"
            "    mend its `source`"
        ),
        (
            "m/main.tf:7: module `m` calls what is not there: m/main.tf is no directory\n"
            "    mend its `source`"
        ),
    ]


def test_a_directory_that_may_not_be_read_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def denied(_path: Path) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "iterdir", denied)
    declared, problems = read(tmp_path, {"main.tf": BASE})
    assert not declared.complete
    assert told(problems) == [
        (
            "m:1: module `m`: the directory cannot be read: Permission denied\n"
            "    mend it, or name another with `source`"
        )
    ]


@pytest.mark.parametrize(
    ("use", "named"),
    [
        ("path.cwd", "path.cwd"),
        ('"x-${basename(path.cwd)}"', "path.cwd"),
        ('abspath("x.zip")', 'abspath("x.zip")'),
    ],
)
def test_what_depends_on_where_terraform_is_started_is_told(
    tmp_path: Path, use: str, named: str
) -> None:
    """It differs between the two kinds of root, and would be a difference for ever."""
    _, problems = read(tmp_path, {"main.tf": f"locals {{\n  a = {use}\n}}\n"})
    (problem,) = problems
    assert str(problem.position) == "m/main.tf:2"
    assert problem.message.startswith(f"`{named}` depends on the directory")
    assert "${path.module}" in problem.hint


@pytest.mark.parametrize(
    "use",
    ["path.module", "path.root", "local.path.cwd", "abspath(path.module)", 'abspath("/x")'],
)
def test_other_paths_are_the_same_everywhere(tmp_path: Path, use: str) -> None:
    assert read(tmp_path, {"main.tf": f"locals {{\n  a = {use}\n}}\n"})[1] == []
