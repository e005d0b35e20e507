"""Random edits of an estate, as a person makes them between two runs."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from hypothesis import strategies as st

from differential.estates import Estate, Module, Part, hidden, offered, parts, seen_from
from differential.faults import BAD, GOOD, MOODS, WARN
from differential.leaving import LEAVING
from differential.literals import VALUES
from differential.parts import KINDS
from differential.values import Ref

Edit = Callable[[st.DrawFn, Estate, int], Estate]
# a sensitive value does not fit every reader; one that is guarded must not be replaced
UNWANTED = ("secret", "read", "guarded")
_CHANGEABLE = {name for name, kind in KINDS.items() if kind.type == "any" and not kind.imports}


@st.composite
def edited(draw: st.DrawFn, estate: Estate, serial: int) -> Estate:
    """`estate` after one or two edits; `serial` makes the names of new parts new."""
    estate = replace(estate, destroyed=())
    if estate.faulty:
        estate = go_bad(draw, go_bad(draw, estate))
    for number in range(draw(st.integers(1, 2))):
        estate = draw(st.sampled_from(EDITS))(draw, estate, serial * 10 + number)
    return estate


def mended(estate: Estate) -> Estate:
    """`estate` with nothing in it that is bad."""
    for module in estate.modules:
        new = (replace(p, value=GOOD) if p.value == BAD else p for p in module.parts)
        estate = _with(estate, replace(module, parts=tuple(new)))
    return estate


def _with(estate: Estate, module: Module) -> Estate:
    """`estate` with `module` in place of that of its name."""
    kept = (module if m.name == module.name else m for m in estate.modules)
    return replace(estate, modules=tuple(kept))


def _unread(estate: Estate, module: Module) -> list[Part]:
    """The parts of `module` that nobody reads."""
    values = [p.value for m in estate.modules for p in m.parts]
    used = {(v.module, v.output) for v in values if isinstance(v, Ref)}
    return [p for p in module.parts if (module.name, f"{p.name}_out") not in used]


def change_value(draw: st.DrawFn, estate: Estate, _serial: int) -> Estate:
    """Another literal; a reference becomes one too."""
    module = draw(st.sampled_from(estate.modules))
    part = draw(st.sampled_from(module.parts))
    new = replace(part, value=draw(VALUES[part.what.values]))
    return _with(estate, _swap(module, part, new))


def change_kind(draw: st.DrawFn, estate: Estate, _serial: int) -> Estate:
    """The same name and input, but counted, or with other arguments."""
    module = draw(st.sampled_from(estate.modules))
    part = draw(st.sampled_from(module.parts))
    kinds = [kind for kind in offered() if kind in _CHANGEABLE and kind not in UNWANTED]
    if part.kind not in _CHANGEABLE or hidden(estate, part):
        return estate
    return _with(estate, _swap(module, part, replace(part, kind=draw(st.sampled_from(kinds)))))


def go_bad(draw: st.DrawFn, estate: Estate) -> Estate:
    """What did well is given what it fails with: by itself, or by what it reads."""
    found = [(m, p) for m in estate.modules for p in m.parts if p.value == GOOD]
    fails = [
        (module, part)
        for module, part in found
        if part.kind not in WARN and (part.kind not in MOODS or part not in _unread(estate, module))
    ]
    if not fails:
        return estate
    module, part = draw(st.sampled_from(fails))
    return _with(estate, _swap(module, part, replace(part, value=BAD)))


def add_part(draw: st.DrawFn, estate: Estate, serial: int) -> Estate:
    """A new part, which may read what is above."""
    at = draw(st.integers(0, len(estate.modules) - 1))
    module = estate.modules[at]
    above = estate.modules[:at]
    regions = len(estate.regions)
    new = draw(parts(f"n{serial}", above, module.scope, regions, faulty=estate.faulty))
    if new.kind == "read" and module.after:
        return estate
    return _with(estate, replace(module, parts=(*module.parts, new)))


def remove_part(draw: st.DrawFn, estate: Estate, _serial: int) -> Estate:
    """One that nobody reads goes, and with it maybe only from the state."""
    module = draw(st.sampled_from(estate.modules))
    going = _unread(estate, module)
    if not going or len(module.parts) == 1:
        return estate
    part = draw(st.sampled_from(going))
    left = tuple(p for p in module.parts if p != part)
    forget = part.what.main and not part.what.imports and draw(st.booleans())
    forgotten = (part.what.main.replace("NAME", part.name),) if forget else ()
    return _with(estate, replace(module, parts=left, forgotten=(*module.forgotten, *forgotten)))


def rename_part(draw: st.DrawFn, estate: Estate, serial: int) -> Estate:
    """Its resource is moved; whoever reads it reads it by the new name."""
    module = draw(st.sampled_from(estate.modules))
    part = draw(st.sampled_from(module.parts))
    if not part.what.main or part.what.imports or part.former:
        return estate
    new = replace(part, name=f"r{serial}", former=part.name)
    estate = _with(estate, _swap(module, part, new))
    old, now = (module.name, f"{part.name}_out"), f"{new.name}_out"
    return replace(estate, modules=tuple(_reread(m, old, now) for m in estate.modules))


def change_order(draw: st.DrawFn, estate: Estate, _serial: int) -> Estate:
    """An order-only edge comes or goes; a module is isolated or no longer."""
    at = draw(st.integers(1, len(estate.modules) - 1))
    module = estate.modules[at]
    if draw(st.booleans()) or any(p.kind == "read" for p in module.parts):
        return _with(estate, replace(module, isolate=not module.isolate))
    above = seen_from(module.scope, estate.modules[:at])
    after = (draw(st.sampled_from(above)).name,) if above and not module.after else ()
    return _with(estate, replace(module, after=after))


def _swap(module: Module, old: Part, new: Part) -> Module:
    return replace(module, parts=tuple(new if p == old else p for p in module.parts))


def _reread(module: Module, old: tuple[str, str], now: str) -> Module:
    def part_of(part: Part) -> Part:
        value = part.value
        if isinstance(value, Ref) and (value.module, value.output) == old:
            return replace(part, value=replace(value, output=now))
        return part

    return replace(module, parts=tuple(map(part_of, module.parts)))


EDITS: tuple[Edit, ...] = (
    change_value,
    change_value,
    change_kind,
    add_part,
    remove_part,
    rename_part,
    change_order,
    *LEAVING,
)
