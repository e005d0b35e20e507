"""Values as HCL: Terraform reads back what was written, and would lay it out the same."""

from __future__ import annotations

import subprocess
import tempfile
import unicodedata
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pytg import exact_json
from pytg.generate.hcl import Expression, body, expression, quoted, traversal
from pytg.model import Address, Number, Reference, Template, Value

KMS = Reference(Address("docs", "us-east-1", "dev", "kms"), "arn")


def resolve(reference: Reference) -> str:
    return f"module.kms.{reference.output}"


# characters that mean something to HCL, or to its layout, come often
TRICKY = st.sampled_from(
    [
        "${",
        "%{",
        "$",
        "%",
        "{",
        "}",
        "$${",
        '"',
        "\\",
        "\n",
        "\r\n",
        "\t",
        "\u0301",
        "é",
        "日",
        "\x7f",
    ]
)
TEXT = st.lists(TRICKY | st.text(max_size=4), max_size=5).map("".join)
KEYS = TEXT | st.sampled_from(["name", "for", "null", "true", "a-b", "1a", "in", "if"])
SCALARS = (
    st.none()
    | st.booleans()
    | st.integers(-(2**60), 2**60)
    | st.floats(allow_nan=False, allow_infinity=False, width=32)
    | st.decimals(-(10**9), 10**9, places=40)
    | TEXT
)
VALUES: st.SearchStrategy[Any] = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(KEYS, inner, max_size=4),
    max_leaves=12,
)


def normal(value: Any) -> Any:
    """What Terraform makes of `value`: text in NFC; a whole number has no exponent."""
    if isinstance(value, float):
        return normal(Decimal(repr(value)))
    if isinstance(value, Decimal):
        return int(value) if value == value.to_integral_value() else value
    if isinstance(value, str):
        return unicodedata.normalize("NFC", value)
    if isinstance(value, list):
        return [normal(item) for item in value]
    if isinstance(value, dict):
        return {normal(key): normal(item) for key, item in value.items()}
    return value


def unambiguous(value: Any) -> bool:
    """Whether no two keys of a map become one in NFC."""
    if isinstance(value, dict):
        keys = {normal(key) for key in value}
        return len(keys) == len(value) and all(map(unambiguous, value.values()))
    return all(map(unambiguous, value)) if isinstance(value, list) else True


BATCH = st.lists(VALUES.filter(unambiguous), min_size=20, max_size=60)


@settings(max_examples=8, deadline=None)
@given(BATCH)
def test_terraform_reads_back_what_was_written(values: list[Any]) -> None:
    text = "".join(f'output "v{i}" {{\n{body({"value": v})}\n}}\n' for i, v in enumerate(values))
    with tempfile.TemporaryDirectory() as directory:
        root = Path(directory)
        (root / "main.tf").write_text(text, encoding="utf-8")
        command = ["terraform", "apply", "-auto-approve", "-no-color"]
        done = subprocess.run(command, cwd=root, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
        state = (root / "terraform.tfstate").read_text(encoding="utf-8")
    outputs = exact_json.loads(state)["outputs"]
    for number, value in enumerate(values):
        # an output that is null is not in the state
        assert outputs.get(f"v{number}", {"value": None})["value"] == normal(value)


@settings(max_examples=15, deadline=None)
@given(st.lists(st.dictionaries(st.from_regex(r"[a-z]{1,9}", fullmatch=True), VALUES, max_size=5)))
def test_terraform_fmt_changes_nothing(blocks: list[dict[str, Any]]) -> None:
    text = "\n".join(f'block "b" {{\n{body(b)}\n}}\n' for b in blocks if b) or "\n"
    command = ["terraform", "fmt", "-no-color", "-"]
    done = subprocess.run(command, input=text.encode(), capture_output=True, check=False)
    assert done.returncode == 0, done.stderr.decode()
    assert done.stdout.decode() == text


def test_equals_signs_line_up_between_lines_that_stand_together() -> None:
    value: Value = {"a": 1, "long": 2, "nested": {"x": 1}, "b": [], "after": {}}
    assert body({"name": value, "other": Expression("var.x")}) == (
        "  name = {\n"
        "    a    = 1\n"
        "    long = 2\n"
        "    nested = {\n"
        "      x = 1\n"
        "    }\n"
        "    b     = []\n"
        "    after = {}\n"
        "  }\n"
        "  other = var.x"
    )


def test_a_map_quotes_all_of_its_keys_or_none() -> None:
    assert expression({"phase": "a", "cut-over": "b"}) == (
        '{\n  "phase"    = "a"\n  "cut-over" = "b"\n}'
    )


@pytest.mark.parametrize(
    ("value", "written"),
    [
        (KMS, "module.kms.arn"),
        (Template(("key/", KMS, "/*")), '"key/${module.kms.arn}/*"'),
        (Template((KMS,)), "tostring(module.kms.arn)"),
        (Template(("", KMS, "")), "tostring(module.kms.arn)"),
        (Template(("$", KMS)), '"\\u0024${module.kms.arn}"'),
        (Template(("$", "{x}", KMS)), '"$${x}${module.kms.arn}"'),
        ([KMS, 1], "[module.kms.arn, 1]"),
        ({"a": KMS}, "{\n  a = module.kms.arn\n}"),
    ],
)
def test_references_are_what_the_caller_resolves_them_to(value: Value, written: str) -> None:
    assert expression(value, resolve) == written


def test_a_reference_among_literals_is_refused() -> None:
    with pytest.raises(ValueError, match="docs/us-east-1/dev/kms"):
        expression([KMS])


@pytest.mark.parametrize(
    "text", ["33." + "3" * 60, "1.0E+400", "1" + "0" * 400, "1" + "0" * 5000, "-0.5"]
)
def test_a_number_is_written_with_every_digit(text: str) -> None:
    assert expression(exact_json.loads(text)) == text


@pytest.mark.parametrize("number", [float("inf"), float("nan"), Decimal("Infinity")])
def test_a_number_that_hcl_cannot_write_is_refused(number: Number) -> None:
    with pytest.raises(ValueError, match="HCL has no number"):
        expression(number)


def test_a_lone_surrogate_becomes_the_replacement_character() -> None:
    assert quoted("a\ud800b") == '"a\ufffdb"'


def test_a_path_goes_into_a_value() -> None:
    assert traversal("x.y", ("a", 0, "b-c", "d.e", "for")) == 'x.y.a[0].b-c["d.e"]["for"]'
