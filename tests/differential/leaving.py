"""Edits after which units are no longer there: destroyed before, or left with what they made."""

from __future__ import annotations

from dataclasses import replace

from hypothesis import strategies as st

from differential.estates import REGIONS, Estate, Module
from differential.values import Ref

HELD = ("guarded", "held")  # such a part cannot be destroyed


def held(estate: Estate) -> bool:
    """Whether something in it cannot be destroyed."""
    return any(part.kind in HELD for module in estate.modules for part in module.parts)


def remove_module(draw: st.DrawFn, estate: Estate, serial: int) -> Estate:
    """One that nobody needs goes; maybe it was destroyed, where it is as it was applied."""
    needed = {name for m in estate.modules for name in (*m.after, *_read(m))}
    going = [m for m in estate.modules if m.name not in needed]
    if not going or len(estate.modules) <= 2:
        return estate
    module = draw(st.sampled_from(going))
    first = serial % 10 == 0 and not estate.faulty
    free = first and not held(replace(estate, modules=(module,)))
    destroyed = (module.name,) if free and draw(st.booleans()) else ()
    kept = tuple(m for m in estate.modules if m is not module)
    return replace(estate, modules=kept, destroyed=(*estate.destroyed, *destroyed))


def rename_module(draw: st.DrawFn, estate: Estate, serial: int) -> Estate:
    """It is made anew by another name, which whoever needs it says from then on."""
    old, new = draw(st.sampled_from(estate.modules)).name, f"m{serial}"
    return replace(estate, modules=tuple(_renamed(m, old, new) for m in estate.modules))


def change_suffix(_draw: st.DrawFn, estate: Estate, serial: int) -> Estate:
    """Another environment: all units are new but those of the whole account."""
    return replace(estate, suffix=f"s{serial}")


def drop_region(_draw: st.DrawFn, estate: Estate, _serial: int) -> Estate:
    """The second region goes, where nobody names it."""
    roles = {p.value.role for m in estate.modules for p in m.parts if isinstance(p.value, Ref)}
    return estate if roles & {"peer", "target"} else replace(estate, regions=REGIONS[:1])


LEAVING = (remove_module, rename_module, change_suffix, drop_region)


def _read(module: Module) -> set[str]:
    return {part.value.module for part in module.parts if isinstance(part.value, Ref)}


def _renamed(module: Module, old: str, new: str) -> Module:
    parts = tuple(
        replace(part, value=replace(part.value, module=new))
        if isinstance(part.value, Ref) and part.value.module == old
        else part
        for part in module.parts
    )
    after = tuple(new if name == old else name for name in module.after)
    name = new if module.name == old else module.name
    return replace(module, name=name, parts=parts, after=after)
