"""What a module can be made of that fails where its input is `BAD`, at the plan or at the apply.

As in `parts.py`, NAME is the part's name. Every kind does well with `GOOD`, and with whatever
else it may be given; those of `MOODS` hand their input on.
"""

from __future__ import annotations

from differential.parts import MAIN, STORED, Kind, data

BAD = "bad"
GOOD = "0"
_IS_BAD = f'var.NAME == "{BAD}"'
_NOT_BAD = f'var.NAME != "{BAD}"'
_PICKED = f"  input = {_IS_BAD} ? %s : 1"


def _condition(kind: str, condition: str) -> str:
    told = f'"{kind} of NAME: bad."'
    return f"  {kind} {{\n    condition     = {condition}\n    error_message = {told}\n  }}"


def _of(hcl: str, output: str = "1", main: str = MAIN, variable: str = "") -> Kind:
    return Kind(hcl, output, values="mood", main=main, variable=variable)


def _lifecycle(text: str) -> str:
    return f"  lifecycle {{\n{text}\n  }}"


def _guarded(kind: str, condition: str) -> str:
    return data(f"{STORED}\n{_lifecycle(_condition(kind, condition))}")


_HELD = _lifecycle("    prevent_destroy = true")
_IGNORED = _lifecycle("    ignore_changes = [id]")
_MISSING = (
    'data "terraform_remote_state" "NAME" {\n  backend = "local"\n'
    f'  config = {{ path = {_IS_BAD} ? "OUTSIDE/none.tfstate" : "OUTSIDE/one.tfstate" }}\n}}\n'
)

GARBLED = "NAME {\n"  # stands in a module with a part of this kind that is itself given what is bad
MOODS = ("mood_kept", "mood_passed")
WARN = ("watched", "redundant")  # nothing more
FAULTS: dict[str, Kind] = {
    "mood_kept": _of(data(STORED), f"{MAIN}.output"),
    "mood_passed": _of("", "var.NAME", ""),
    "validated": _of(data(STORED), variable=_condition("validation", _NOT_BAD) + "\n"),
    "before": _of(_guarded("precondition", _NOT_BAD)),
    "afterwards": _of(_guarded("postcondition", f'self.output != "{BAD}"')),
    "judged": _of(
        data(STORED), f"{MAIN}.id\n" + _condition("precondition", f'{MAIN}.output != "{BAD}"')
    ),
    "exits": _of(
        data(
            '  triggers_replace = var.NAME\n  provisioner "local-exec" {\n'
            f'    command = {_IS_BAD} ? "echo no; exit 3" : "true"\n  }}'
        ),
        f"{MAIN}.id",
    ),
    "no_file": _of(data(_PICKED % 'file("${path.module}/none.txt")')),
    "no_index": _of(data(f"  input = [1][{_IS_BAD} ? 1 : 0]")),
    "no_attribute": _of(data(f'  input = {{ good = 1 }}[{_IS_BAD} ? var.NAME : "good"]')),
    "two": _of("", f"one({_IS_BAD} ? [1, 2] : [1])", ""),
    "twice": _of(
        data(
            f'  for_each = {{ for k in ["a", {_IS_BAD} ? "a" : "b"] : k => 1 }}\n  input = each.key'
        )
    ),
    "negative": _of(data(f"  count = {_IS_BAD} ? -1 : 1")),
    "no_data": _of(_MISSING, "data.terraform_remote_state.NAME.outputs.ami", ""),
    "late": _of(
        'resource "terraform_data" "NAME_first" {}\n'
        + data(f"  input = {_IS_BAD} ? tonumber(terraform_data.NAME_first.id) : 1")
    ),
    "held": _of(data(f"  triggers_replace = {_IS_BAD}\n{_HELD}")),
    "strict": _of('module "NAME" {\n  source = "./strict"\n  value  = var.NAME\n}\n', main=""),
    "numbered": Kind(data(STORED), "var.NAME + 1", "number", "number", MAIN),
    "redundant": _of(data(f"{STORED}\n{_IGNORED}")),
    "garbled": _of(data(STORED), f"{MAIN}.output"),
    "watched": _of('check "NAME" {\n' + _condition("assert", _NOT_BAD) + "\n}\n", main=""),
}
STRICT = 'variable "value" {\n' + _condition("validation", f'var.value != "{BAD}"') + "\n}\n"
