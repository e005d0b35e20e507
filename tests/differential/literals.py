"""Random literals for the inputs of modules, by the name that a kind of part asks for."""

from __future__ import annotations

from hypothesis import strategies as st

from differential.faults import BAD, GOOD
from differential.values import Num, Value

SCRAPS = ('"', "\\", "${x}", "%{ if }", "\n", "\t", "é", "漢", "😀", "'", ": ", "# ", "{{ x }}")
TEXTS = st.lists(st.sampled_from((*SCRAPS, "a", "B", " ", "<&>", "$", "1", "~")), max_size=5).map(
    "".join
)
NUMBERS = st.sampled_from(
    [
        *("0", "-1", "7", "0.1", "1.10", "33.333333333333333333", "1.0e-30", "-2.5e+3"),
        *("9223372036854775808", "170141183460469231731687303715884105729", "1.0e+400"),
    ]
).map(Num)
SCALARS = st.one_of(st.booleans(), TEXTS, NUMBERS)
KEYS = st.sampled_from(["a", "b", "key with space", "ключ", "for", "1"])
ANY: st.SearchStrategy[Value] = st.recursive(
    SCALARS,
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(KEYS, inner, max_size=3)),
    max_leaves=4,
)


def _record(fields: dict[str, st.SearchStrategy[Value]]) -> st.SearchStrategy[Value]:
    """An object that has some of `fields`."""
    return st.fixed_dictionaries({}, optional=fields).map(dict)


SIZED = _record({"enabled": st.booleans(), "size": NUMBERS})
OBJECT = _record(
    {
        "a": st.one_of(st.none(), TEXTS),
        "n": NUMBERS,
        "l": st.lists(NUMBERS, max_size=2),
        "o": _record({"b": st.booleans()}),
    }
)
VALUES: dict[str, st.SearchStrategy[Value]] = {
    "any": ANY,
    "null": st.none() | TEXTS,
    "object": OBJECT,
    "number": NUMBERS,
    "text": TEXTS,
    "map": st.dictionaries(KEYS, SIZED, max_size=3),
    "texts": st.lists(TEXTS, max_size=3),
    "mood": st.sampled_from([GOOD] * 6 + [BAD]),
}
