"""An estate as files: of a pytg project, and of a root composed by hand."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator, Mapping
from functools import partial
from pathlib import Path

from differential.estates import REGIONS, ROLES, Estate, Module, Part, UnitName, hidden, may_be_null
from differential.faults import BAD, GARBLED, STRICT
from differential.values import Ref, hcl_text, yaml_text

INNER = """
variable "value" { type = any }
resource "terraform_data" "inner" { input = var.value }
output "value" { value = terraform_data.inner.output }
"""
# As deep as the root of a unit, so that `path.module` is the same text.
HAND = "a/root/composed/by/hand/here"
UP = "../" * len(HAND.split("/"))
_VERSIONS = ">= 1.10.0"  # OpenTofu has what the parts need since then
IMPORTED_ID = "11111111-2222-3333-4444-555555555555"


def write(directory: Path, files: Mapping[str, str]) -> None:
    """Make `files` what config.yaml, live/, modules/ and root/ hold; states and the like stay."""
    for made in ("live", "modules"):
        shutil.rmtree(directory / made, ignore_errors=True)
    for name, text in files.items():
        path = directory / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")


def project_files(estate: Estate, outside: Path) -> dict[str, str]:
    """The project: config.yaml, live/ and modules/."""
    if estate.fixture:
        found = (path for path in estate.fixture.rglob("*") if path.is_file())
        return {str(path.relative_to(estate.fixture)): path.read_text() for path in found}
    files = {"config.yaml": _config(estate), "live/acc/account.yaml": "{}\n"}
    suffix = f"suffix: {estate.suffix}\n" if estate.suffix else "{}\n"
    for region in estate.regions:
        files[f"live/acc/{region}/dev/env.yaml"] = suffix
    return files | module_files(estate, outside)


def module_files(estate: Estate, outside: Path) -> dict[str, str]:
    """The modules, each with a nested one."""
    files = {}
    for module in estate.modules:
        home = f"modules/{module.name}"
        written = (_part(part, hidden=hidden(estate, part)) for part in module.parts)
        text = "\n".join([*written, *_removed(module)])
        files[f"{home}/main.tf"] = text.replace("OUTSIDE", str(outside)).replace(
            "MODULE", module.name
        )
        files[f"{home}/inner/main.tf"] = INNER
        files[f"{home}/strict/main.tf"] = STRICT
    return files


def hand_root(estate: Estate) -> dict[str, str]:
    """One root that calls all units, beside modules/."""
    text = "".join(_call(estate, unit) for unit in estate.units())
    return {f"{HAND}/main.tf": text}


def _config(estate: Estate) -> str:
    nullable = partial(may_be_null, estate)
    roles = {region: role for role, region in ROLES.items()}
    lines = ["project: differential", f'terraform: {{version: "{_VERSIONS}"}}', "regions:"]
    lines += [f"  {r}: {{role: {roles[r]}}}" for r in REGIONS]
    lines += ["modules:"]
    for module in estate.modules:
        lines += [f"  {module.name}:", f"    scope: {module.scope}"]
        if module.after:
            lines += [f"    after: [{', '.join(module.after)}]"]
        if module.isolate:
            lines += ["    isolate: true"]
        imports = list(_imports(module))
        if imports:
            lines += [f"    imports: {json.dumps([{'to': t, 'id': i} for t, i in imports])}"]
        lines += ["    inputs:"]
        lines += [f"      {p.name}: {yaml_text(p.value, nullable)}" for p in module.parts]
    return "\n".join(lines) + "\n"


def _part(part: Part, *, hidden: bool) -> str:
    """Variable, resources, output and, where it was renamed, the move."""
    what = part.what
    flags = what.variable + ("" if what.nullable else '  nullable = false\n  default = "d"\n')
    text = f'variable "NAME" {{\n  type = {what.type}\n{flags}}}\n{what.hcl}'
    secret = "  sensitive = true\n" if hidden else ""
    text += f'output "NAME_out" {{\n  value = {what.output}\n{secret}}}\n'
    if part.former:
        was = what.main.replace("NAME", part.former)
        text += f"moved {{\n  from = {was}\n  to   = {what.main}\n}}\n"
    text += GARBLED if part.kind == "garbled" and part.value == BAD else ""
    return text.replace("NAME", part.name)


def _removed(module: Module) -> Iterator[str]:
    for address in module.forgotten:
        yield f"removed {{\n  from = {address}\n  lifecycle {{\n    destroy = false\n  }}\n}}\n"


def _imports(module: Module) -> Iterator[tuple[str, str]]:
    """Address inside the module, and id."""
    for part in module.parts:
        if part.what.imports:
            yield part.what.main.replace("NAME", part.name), IMPORTED_ID


def _call(estate: Estate, unit: UnitName) -> str:
    module = estate.module(unit.module)

    def resolve(ref: Ref) -> str:
        read = f"module.{estate.target(unit, ref).call}.{ref.output}"
        return f"sensitive({read})" if hidden(estate, estate.read(ref)) else read

    text = f'module "{unit.call}" {{\n  source = "{UP}modules/{module.name}"\n'
    text += "".join(f"  {p.name} = {hcl_text(p.value, resolve)}\n" for p in module.parts) + "}\n"
    for part in module.parts:
        text += f'output "{unit.call}__{part.name}_out" {{\n'
        text += f"  value = module.{unit.call}.{part.name}_out\n"
        text += ("  sensitive = true\n" if hidden(estate, part) else "") + "}\n"
    for to, identifier in _imports(module):
        text += f'import {{\n  to = module.{unit.call}.{to}\n  id = "{identifier}"\n}}\n'
    return text
