"""YAML with positions, and the traps of YAML 1.1."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytg.config.node import Plain
from pytg.config.yaml_source import read_yaml
from pytg.errors import Problem

FILE = Path("f.yaml")


def read(tmp_path: Path, text: str) -> tuple[Plain, list[str]]:
    (tmp_path / FILE).write_text(text, encoding="utf-8")
    problems: list[Problem] = []
    document = read_yaml(tmp_path, FILE, problems.append)
    return document.plain if document else None, [p.message for p in problems]


@pytest.mark.parametrize(
    ("written", "value"),
    [
        ("2026-03-01", "2026-03-01"),
        ("2026-03-01 10:00:00", "2026-03-01 10:00:00"),
        ("22:30", "22:30"),
        ('"012"', "012"),
        ('"089"', "089"),
        ("!!str 089", "089"),
        ("12", 12),
        ("-3", -3),
        ("0", 0),
        ("0x1F", 31),
        ("1.50", Decimal("1.50")),
        ("33.333333333333333333333333333333", Decimal("33.333333333333333333333333333333")),
        ("1.0e+400", Decimal("1.0e+400")),
        ("9" * 5000, Decimal("9" * 5000)),
        ("+.5", Decimal("0.5")),
        ('"1e3"', "1e3"),
        ("!!str 0o600", "0o600"),
        ("1e3a", "1e3a"),
        ("1.5e+3", 1500.0),
        ("1.2.3", "1.2.3"),
        ("true", True),
        ("False", False),
        ('"yes"', "yes"),
        ("y", "y"),
        ("", None),
        ("~", None),
        ("=", "="),
        ("!!str 12", "12"),
    ],
)
def test_a_scalar_means_what_it_says(tmp_path: Path, written: str, value: Plain) -> None:
    assert read(tmp_path, f"a: {written}\n") == ({"a": value}, [])


@pytest.mark.parametrize(
    "written",
    [
        "yes",
        "No",
        "on",
        "OFF",
        "012",
        "089",
        "-07",
        "1_000",
        "0b11",
        ".inf",
        ".NaN",
        "1_0.5",
        "0o600",
        "1e3",
        "1E+3",
        "1.0e3",
        "-0x1F",
    ],
)
def test_a_scalar_that_may_mean_two_things_is_refused(tmp_path: Path, written: str) -> None:
    value, problems = read(tmp_path, f"a: {written}\nb: [{written}, 1]\n")
    assert value == {"b": [1]}
    assert len(problems) == 2
    assert all(written in problem for problem in problems)


@pytest.mark.parametrize("key", ["1", "yes", "null", "1.5", "[a]", "{a: b}", "1e3", "0o7", "089"])
def test_keys_are_text(tmp_path: Path, key: str) -> None:
    assert read(tmp_path, f"? {key}\n: x\n") == ({}, ["a key must be text"])


@pytest.mark.parametrize(
    ("text", "place"),
    [("a: x\nb: {c: '', d: \"x\\0y\"}\n", (2, 15)), ('a: x\n"b\\0": y\n', (2, 1))],
)
def test_a_nul_is_refused_where_it_stands(
    tmp_path: Path, text: str, place: tuple[int, int]
) -> None:
    (tmp_path / FILE).write_text(text)
    problems: list[Problem] = []
    read_yaml(tmp_path, FILE, problems.append)
    assert [p.message for p in problems] == ["U+0000 cannot stand in a text"]
    assert [(p.position.line, p.position.column) for p in problems if p.position] == [place]


@pytest.mark.parametrize(
    "written", ["1.0e+99999999999999999999", "1.0e-1000000", "0x1" + "0" * 4000]
)
def test_a_number_beyond_all_measure_is_refused(tmp_path: Path, written: str) -> None:
    value, problems = read(tmp_path, f"a: {written}\n")
    assert value == {}
    assert ["is too large" in problem for problem in problems] == [True]


@pytest.mark.parametrize("written", ["1.10", "0x1F", "+5", "12", ".50"])
def test_a_number_knows_how_it_was_written(tmp_path: Path, written: str) -> None:
    (tmp_path / FILE).write_text(f"a: {written}\n")
    document = read_yaml(tmp_path, FILE, pytest.fail)
    found = document.find("a") if document else None
    assert found is not None
    assert found.written == written


def test_a_date_may_be_a_key(tmp_path: Path) -> None:
    assert read(tmp_path, "2026-03-01: x\n") == ({"2026-03-01": "x"}, [])


def test_every_node_knows_its_place(tmp_path: Path) -> None:
    (tmp_path / FILE).write_text("a:\n  - x\n  - {bb: 1}\n", encoding="utf-8")
    document = read_yaml(tmp_path, FILE, pytest.fail)
    found = document.find("a", 1, "bb") if document else None
    assert found is not None
    assert found.key_position is not None
    assert (found.key_position.line, found.key_position.column) == (3, 6)
    assert (found.position.line, found.position.column) == (3, 10)


@pytest.mark.parametrize(
    "content", [b"a: \xff\n", b"a: \x01\n", b'a: "\n', b"a: *nowhere\n", b"%x\n"]
)
def test_what_is_not_yaml_is_one_problem(tmp_path: Path, content: bytes) -> None:
    (tmp_path / FILE).write_bytes(content)
    problems: list[Problem] = []
    assert read_yaml(tmp_path, FILE, problems.append) is None
    assert [str(p.position).startswith("f.yaml:") for p in problems] == [True]


def test_an_alias_to_itself_ends(tmp_path: Path) -> None:
    assert read(tmp_path, "a: &a [*a]\n") == (
        {"a": []},
        ["YAML aliases (`*name`) are not supported"],
    )


@pytest.mark.parametrize("content", ["", "# nothing\n", "---\n", "\ufeff{}\n"])
def test_an_empty_document_is_an_empty_map(tmp_path: Path, content: str) -> None:
    (tmp_path / FILE).write_text(content, encoding="utf-8")
    document = read_yaml(tmp_path, FILE, pytest.fail)
    assert document is not None
    assert document.plain == {}


@given(st.text(alphabet=st.sampled_from("ab:- \n\t[]{}&*!|>'\"#%@0179.eE_+x<~?,"), max_size=40))
def test_any_text_ends_in_a_document_or_in_problems(text: str) -> None:
    import tempfile  # noqa: PLC0415 - a fixture would be shared by all examples

    with tempfile.TemporaryDirectory() as name:
        (Path(name) / FILE).write_text(text, encoding="utf-8")
        problems: list[Problem] = []
        document = read_yaml(Path(name), FILE, problems.append)
    assert document is not None or problems


def test_bytes_that_are_not_utf8_are_told_with_their_line(tmp_path: Path) -> None:
    (tmp_path / FILE).write_bytes(b"a: 1\n# b\n# \xe9\nc: 2\n")
    problems: list[Problem] = []
    assert read_yaml(tmp_path, FILE, problems.append) is None
    assert [str(p) for p in problems] == ["f.yaml:3: not UTF-8\n    save the file as UTF-8"]


@pytest.mark.parametrize("levels", [101, 400, 900])
@pytest.mark.parametrize(("opened", "closed"), [("[", "]"), ("{a: ", "}")])
def test_what_is_nested_too_deeply_is_refused(
    tmp_path: Path, levels: int, opened: str, closed: str
) -> None:
    text = f"{opened * levels}1{closed * levels}"
    assert read(tmp_path, text) == (None, ["nested deeper than 100 levels"])
    assert read(tmp_path, f"{opened * 99}1{closed * 99}")[1] == []
