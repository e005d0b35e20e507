"""An estate with every kind of part, each read from below, and one edit of it of every kind."""

from __future__ import annotations

from dataclasses import replace

from differential.estates import MAY_BE_SECRET, MENDED, REGIONS, Estate, Module, Part, offered
from differential.faults import BAD, GOOD
from differential.parts import KINDS
from differential.values import Num, Ref, Value

_VALUES: dict[str, Value] = {
    "any": {"a": [Num("1.0e-30"), 'q"${x}%{ if }\n\\ 漢😀'], "key with space": None, "b": True},
    "null": None,
    "object": {"n": Num("9223372036854775808"), "o": {}},
    "number": Num("33.333333333333333333"),
    "text": '"${x}\n%{ if } é漢😀\\',
    "map": {"a": {"size": Num("1.10")}, "for": {"enabled": False}, "key with space": {}},
    "texts": ["b", "a", "${x}"],
}
_CHANGED: dict[str, Value] = {
    "any": [Num("170141183460469231731687303715884105729"), {"a": "ключ"}],
    "null": "now a text",
    "object": {"a": None, "l": [Num("1.0e+400"), Num("0.1")]},
    "number": Num("1.0e-30"),
    "text": "%{ endif }$",
    "map": {"a": {"enabled": False}, "for": {"size": Num("7")}},
    "texts": ["a"],
}


def sample(kinds: tuple[str, ...] = ()) -> tuple[Estate, Estate]:
    """The estate, and what it is after the edit; `kinds` (all) are those of its parts."""
    chosen = kinds or tuple(offered())
    base = Module(
        "base", "environment", tuple(Part(k, f"b_{k}", _value(k, _VALUES)) for k in chosen)
    )
    reader = Module("reader", "region", tuple(_reader(k) for k in chosen), after=("base",))
    if "read" in chosen and "order" not in MENDED:
        reader = replace(reader, after=())
    peers = Ref("reader", f"r_{chosen[0]}_out", "peer")
    found = (Part("stored", "peers", peers), Part("provisioned", "ordered", "alone"))
    last = Module("last", "region", found, after=("base",))
    before = Estate((base, reader, last), REGIONS, "x1")
    return before, _edited(before)


def _value(kind: str, values: dict[str, Value]) -> Value:
    return values[KINDS[kind].values]


def _reader(kind: str) -> Part:
    """A part that reads that of `kind` in `base`, with any kind that can."""
    how = kind if KINDS[kind].type == "any" and kind != "imported" else "stored"
    if KINDS[kind].sensitive and how not in MAY_BE_SECRET:
        how = "stored"
    return Part(how, f"r_{kind}", Ref("base", f"b_{kind}_out"))


def _edited(estate: Estate) -> Estate:
    """New values; one part renamed, one forgotten, one gone, one counted, and one new."""
    base, reader, last = estate.modules
    parts = [replace(p, value=_value(p.kind, _CHANGED)) for p in base.parts]
    moved = next((p for p in parts if p.kind == "stored"), None)
    rest = [p for p in reader.parts if p.name not in ("r_counted", "r_checked")]
    forgotten = ("terraform_data.r_checked",) if len(rest) < len(reader.parts) else ()
    if moved:
        parts[parts.index(moved)] = replace(moved, name="b_moved", former=moved.name)
        ref = Ref("base", "b_moved_out")
        rest = [replace(p, value=ref) if p.name == "r_stored" else p for p in rest]
    rest = [replace(p, kind="counted") if p.name == "r_conditions" else p for p in rest]
    more = Part("stored", "later", Ref("base", f"{parts[-1].name}_out"))
    return replace(
        estate,
        modules=(
            replace(base, parts=tuple(parts)),
            replace(reader, parts=(*rest, more), forgotten=forgotten),
            replace(last, parts=(replace(last.parts[0], value="alone"), last.parts[1])),
        ),
    )


def published() -> tuple[Estate, Estate]:
    """One unit writes what another, which comes after it, reads; then it writes something else."""
    reader = Module("reader", "region", (Part("finds", "found", ""),), after=("base",))
    return _bases(reader, Part("publishes", "shown", "one"), Part("publishes", "shown", "two"))


def spread() -> tuple[Estate, Estate]:
    """What is created first needs what alone is not; and both are replaced."""
    ref = Ref("base", "first_out")
    reader = Module("reader", "region", (Part("replaced_first", "second", ref),))
    return _bases(reader, Part("identified", "first", "one"), Part("identified", "first", "two"))


def refused() -> tuple[Estate, Estate]:
    """A variable refuses its value in one of the units that have such a variable."""
    reader = Module("reader", "region", (Part("validated", "same", GOOD),))
    before, after = _bases(reader, Part("validated", "same", GOOD), Part("validated", "same", BAD))
    return replace(before, faulty=True), replace(after, faulty=True)


def deferring() -> tuple[Estate, Estate]:
    """What reads data comes after something that changes, and reads nothing of it."""
    reader = Module("reader", "region", (Part("read", "reads", "alone"),), after=("base",))
    return _bases(reader, Part("stored", "first", "one"), Part("stored", "first", "two"))


def undone() -> tuple[Estate, ...]:
    """What comes after another by order alone is to be destroyed before it."""
    reader = Module("reader", "environment", (Part("provisioned", "later", "alone"),), ("base",))
    return _bases(reader, Part("provisioned", "first", "one"), Part("provisioned", "first", "one"))


def unread() -> tuple[Estate, Estate]:
    """A module can no longer be read; another has nothing to do with it."""
    reader = Module("reader", "region", (Part("stored", "by", "x"),))
    before, after = _bases(reader, Part("garbled", "text", GOOD), Part("garbled", "text", BAD))
    return replace(before, faulty=True), replace(after, faulty=True)


def _bases(reader: Module, *parts: Part) -> tuple[Estate, Estate]:
    """`reader` below one module of one part, first with the one and then with the other."""
    one, other = (Estate((Module("base", "environment", (p,)), reader), REGIONS) for p in parts)
    return one, other


def failures(*kinds: str) -> tuple[Estate, Estate, Estate]:
    """Kinds that fail, well, then in three ways, and mended; the fourth and those after it do well.

    The first is given what is bad by itself, the second by what it reads and what is known in
    the plan, the third by what only the apply shows.
    """
    ways = ("mood_passed", "mood_passed", "mood_kept")
    moods = [Part(how, f"mood{at}", GOOD) for at, how in enumerate(ways)]
    modules = [Module("base", "environment", tuple(moods))]
    for at, kind in enumerate(kinds):
        read = Ref("base", f"mood{min(at, 2)}_out")
        found = (Part(kind, "given", GOOD), Part(kind, "reads", read), Part("stored", "by", "x"))
        modules.append(Module(f"fails{at}", "region" if at == 0 else "environment", found))
    below = (Part("stored", "one", Ref("fails0", "given_out")), Part("stored", "two", "alone"))
    modules.append(Module("below", "region", below, after=("fails1",)))
    well = Estate(tuple(modules), REGIONS[:1], faulty=True)
    bad = _with(_with(_with(well, "fails0", "given"), "base", "mood1"), "base", "mood2")
    return well, bad, well


def _with(estate: Estate, name: str, part: str) -> Estate:
    """`estate` with that part of that module given what is bad."""
    module = estate.module(name)
    found = tuple(replace(p, value=BAD) if p.name == part else p for p in module.parts)
    changed = replace(module, parts=found)
    return replace(estate, modules=tuple(changed if m is module else m for m in estate.modules))
