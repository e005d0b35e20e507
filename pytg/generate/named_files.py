"""The files and directories that a unit's inputs name, wherever its module looks for them."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Mapping
from functools import cache
from pathlib import Path

from pytg.config.module_files import TERRAFORM
from pytg.generate.module_content import is_counted, of_tree, places_of
from pytg.generate.unit import unit_directory
from pytg.model import Estate, Template, Unit, Value, leaves

_LONGEST = os.pathconf("/", "PC_PATH_MAX")


class NamedFiles:
    """Looks them up for the units of `estate`; each module's text is read once."""

    def __init__(self, estate: Estate, flavour: str = TERRAFORM) -> None:
        self._estate = estate
        self._root = estate.root.resolve()
        self._begins = cache(lambda path: places_of(estate.root, path, flavour).begins)

    def of(self, unit: Unit) -> list[Path]:
        """What is there, outside of the module's directory; nothing that `is_counted` leaves out.

        A text with a slash is a path from the unit's own root, as `file(var.x)` reads it, from
        the module's directory, or from the project; any text, from where the module puts a name
        together that begins with `${path.module}/`, say.
        """
        root, begins = self._root, self._begins(unit.module.path)
        own = root / unit_directory(self._estate, unit).relative_to(self._estate.root)
        module = unit.module.path.resolve()
        wide = (own, module, root, *begins)
        found: dict[Path, None] = {}
        for text in dict.fromkeys(_texts(unit.inputs)):
            for place in _joined(wide if "/" in text else begins, text):
                outside = module not in (place, *place.parents)
                # Path.exists raises where a name is too long, and inputs hold any text
                if outside and os.path.exists(place) and is_counted(root, place, text):  # noqa: PTH110
                    found[place] = None
        return list(found)

    def digests(self, unit: Unit) -> dict[str, str]:
        """Digests of these files, and of all below these directories; see `of_tree`."""
        found: dict[str, str] = {}
        for place in self.of(unit):
            found |= of_tree(self._root, place)
        return found


def _joined(begins: Iterable[Path], text: str) -> Iterator[Path]:
    for begin in begins:
        yield Path(os.path.normpath(begin / text))


def _texts(value: Value | Mapping[str, Value]) -> Iterator[str]:
    """Every text in `value` that may be a path; of one with references, where it begins."""
    for leaf in leaves(value):
        text = leaf
        if isinstance(leaf, Template):
            first = leaf.parts[0]
            text = first.rpartition("/")[0] if isinstance(first, str) else None
        if isinstance(text, str) and _may_be_path(text):
            yield text


def _may_be_path(text: str) -> bool:
    return 0 < len(text) < _LONGEST and "://" not in text and not set(text) & {"\0", "\n"}
