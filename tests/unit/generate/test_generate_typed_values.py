"""Types of outputs, kept on the way through a variable."""

from __future__ import annotations

import random
from collections.abc import Callable
from pathlib import Path
from typing import Any

from pytg import exact_json
from pytg.generate.hcl import Expression, body, expression
from pytg.generate.typed_values import constraint, decoded, encoded, is_odd

NAMES = ("a", "b-c", "key with space", "ключ", "for", "1", '"${x}', "_")
SCALARS: dict[str, tuple[Any, ...]] = {
    "string": ("x", "${y}", ""),
    "number": (0, 12),
    "bool": (True, False),
}
CASES = 60


def a_type(draw: random.Random, depth: int, *, unknown: bool = True) -> Any:
    """A type as a state has it; in a collection, none has the type of a bare null."""
    names = ["list", "map", "set", "object", "object", "tuple"] if depth else []
    scalars = [*SCALARS, "dynamic"] if unknown else [*SCALARS]
    name = draw.choice([*scalars, *names])
    if name in {"list", "map", "set"}:
        return [name, a_type(draw, depth - 1, unknown=False)]
    if name == "object":
        chosen = draw.sample(NAMES, draw.randint(0, 3))
        return [name, {key: a_type(draw, depth - 1, unknown=unknown) for key in chosen}]
    if name == "tuple":
        return [name, [a_type(draw, depth - 1, unknown=unknown) for _ in range(draw.randint(0, 2))]]
    return name


def a_value(draw: random.Random, kind: Any, *, null: bool = True) -> Any:
    """A value of the type; often null, where it may be."""
    if kind == "dynamic" or (null and draw.random() < 0.3):
        return None
    if isinstance(kind, str):
        return draw.choice(SCALARS[kind])
    name, inner = kind
    if name == "tuple":
        return [a_value(draw, item) for item in inner]
    if name == "object":
        return {key: a_value(draw, item) for key, item in inner.items()}
    if name == "map":
        return {key: a_value(draw, inner) for key in draw.sample(NAMES, draw.randint(0, 2))}
    most = 1 if name == "set" else 2  # of a set, the order is Terraform's
    return [a_value(draw, inner, null=name == "list") for _ in range(draw.randint(0, most))]


def test_types_and_values_are_what_they_were(tmp_path: Path, terraform: Callable[..., str]) -> None:
    draw = random.Random(9)  # noqa: S311 - the same cases at every run
    kinds = [kind for kind in (a_type(draw, 3) for _ in range(2000)) if is_odd(kind)][:CASES]
    assert len(kinds) == CASES
    outputs = {f"x{i}": (kind, a_value(draw, kind, null=False)) for i, kind in enumerate(kinds)}
    blocks = []
    for number, (name, (kind, value)) in enumerate(outputs.items()):
        sensitive = bool(number % 2)
        given = {"type": Expression(constraint(kind)), "default": encoded(value, kind)}
        read = {"value": Expression(decoded(f"var.{name}", kind)), "sensitive": sensitive}
        blocks.append(f'variable "{name}" {{\n{body(given | {"sensitive": sensitive})}\n}}\n')
        blocks.append(f'output "{name}" {{\n{body(read)}\n}}\n')
    (tmp_path / "main.tf").write_text("".join(blocks))
    terraform(tmp_path, "apply", "-auto-approve")
    found = exact_json.loads((tmp_path / "terraform.tfstate").read_text())["outputs"]
    assert {name: (o["type"], o["value"]) for name, o in found.items()} == outputs


def test_what_a_constraint_can_say_is_read_as_it_is() -> None:
    kind = ["object", {"a": ["list", "string"], "b-c": ["tuple", ["number", "dynamic"]]}]
    assert constraint(kind) == "object({ a = list(string), b-c = tuple([number, any]) })"
    assert decoded("var.x", kind) == "var.x"
    value = {"a": ["x"], "b-c": [1, None]}
    assert expression(encoded(value, kind)) == expression(value)
