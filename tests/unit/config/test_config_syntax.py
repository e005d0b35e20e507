"""The text of references."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytg.config.syntax import Placeholder, parse_text

heads = st.from_regex(r"[a-z][a-z0-9]{0,4}([-_][a-z0-9]{1,3})?", fullmatch=True)
foreign = st.text(st.characters(categories=("L", "Nd", "Mn", "Mc")), min_size=1, max_size=4).filter(
    str.isidentifier
)
names = heads | foreign
steps = st.lists(names | st.integers(0, 20), max_size=3)
placeholders = st.builds(lambda head, first, rest: (head, (first, *rest)), heads, names, steps)
texts = st.text(alphabet="ab$ {}%\n", max_size=10)


NO_REFERENCES = """\
${} ${a} ${a.} ${.a} ${a..b} ${a[0]} ${a.b[x]} ${a.b[-1]} ${a.b["]} ${a.b[""]} ${a["b} ${a@.b}
${a@b} ${self@b.c} ${a.b??} ${a?.b}
${f(a.b)} ${a.b+1} ${a.b x${ ${a.$b} ${1a.b}"""


@pytest.mark.parametrize("text", [*NO_REFERENCES.split(), "${ a.b }", "${a b.c}"])
def test_what_is_no_reference_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"is not a reference|has no closing brace"):
        parse_text(text)


@given(texts)
def test_an_escaped_text_is_itself(text: str) -> None:
    parts = parse_text(text.replace("${", "$${"))
    assert "".join(str(part) for part in parts) == text
    assert len(parts) <= 1


@given(placeholders, st.sampled_from(("", "?")), texts, texts)
def test_a_placeholder_is_read_back_anywhere(
    words: tuple[str, tuple[str | int, ...]], mark: str, before: str, after: str
) -> None:
    head, path = words
    written = head + "".join(f"[{s}]" if isinstance(s, int) else f".{s}" for s in path)
    text = "${" + written + mark + "}"
    before = before.replace("${", "").rstrip("$")
    parts = parse_text(before + text + after.replace("${", ""))
    assert Placeholder(head, path, bool(mark), text) in parts
