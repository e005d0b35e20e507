"""How two versions of an object differ, as lines of text with sensitive values masked."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from pytg import exact_json

SENSITIVE = "(sensitive value)"
UNKNOWN = "(known after apply)"
FORCES = "  # forces replacement"

ValuePath = tuple[str | int, ...]


@dataclass(frozen=True, slots=True)
class Values:
    """A value before and after. The three masks have its shape, with true where they apply."""

    before: Any
    after: Any
    unknown: Any = False
    before_sensitive: Any = False
    after_sensitive: Any = False

    @property
    def hidden(self) -> bool:
        return _marked(self.before_sensitive) or _marked(self.after_sensitive)

    @property
    def whole(self) -> bool:
        """Whether it is unknown or sensitive as a whole."""
        return True in (
            self.unknown is True,
            self.before_sensitive is True,
            self.after_sensitive is True,
        )

    def inside(self) -> list[tuple[str | int, Values]] | None:
        """What it consists of, by key or index; None when it has no parts to compare."""
        shapes = [part for part in (self.before, self.after) if part is not None]
        if isinstance(self.unknown, dict | list):
            shapes.append(self.unknown)
        if self.whole or not shapes:
            return None
        keys: list[str | int]
        if all(isinstance(part, dict) for part in shapes):
            keys = sorted({name for part in shapes for name in part})
        elif all(isinstance(part, list) for part in shapes):
            keys = list(range(max(len(part) for part in shapes)))
        else:
            return None
        return [(key, self._child(key)) for key in keys] or None

    def _child(self, key: str | int) -> Values:
        return Values(
            part_at(self.before, key, None),
            part_at(self.after, key, None),
            part_at(self.unknown, key, absent=False),
            part_at(self.before_sensitive, key, absent=False),
            part_at(self.after_sensitive, key, absent=False),
        )


def differences(
    values: Values, replace_paths: tuple[ValuePath, ...] = (), within: ValuePath = ()
) -> tuple[str, ...]:
    """Lines such as `~ tags.Name: "a" -> "b"`, `+ size: 3`, `- rule[1].id: "x"`.

    Only what changes, in the order of the paths, which begin with `within`. Texts that hold
    JSON on both sides, such as policies, are compared inside. What lies on one of
    `replace_paths` is marked.
    """
    lines = []
    for place, line in _walk(within, values):
        forces = any(_overlap(place, path) for path in replace_paths)
        lines.append(line + FORCES if forces else line)
    return tuple(lines)


def uncovered(shown: Values, planned: Values, place: ValuePath = ()) -> Iterator[str]:
    """Where `planned` ends otherwise than `shown` said, by name; what was unknown may be anything.

    Elements of a list that is partly unknown may be in any number and order: it can be a set.
    """
    if shown.unknown is True:
        return
    value, now = shown.after, planned.after
    if isinstance(value, dict) and isinstance(now, dict):
        for key, part in ({**dict.fromkeys(now), **value}).items():
            inside = Values(None, part, part_at(shown.unknown, key, absent=False))
            other = part_at(now, key, None)
            unknown = part_at(planned.unknown, key, absent=False)
            yield from uncovered(inside, Values(None, other, unknown), (*place, key))
    elif isinstance(value, list) and isinstance(now, list) and _marked(shown.unknown):
        return
    elif _text(value) != _text(now) or _marked(planned.unknown):
        yield _name(place) or "it"


def _walk(place: ValuePath, values: Values) -> Iterator[tuple[ValuePath, str]]:
    values = _opened(values)
    inside = values.inside()
    if inside is not None:
        for key, child in inside:
            yield from _walk((*place, key), child)
    elif _marked(values.unknown) or _text(values.before) != _text(values.after):
        yield place, _line(place, values)


def _line(place: ValuePath, values: Values) -> str:
    old = SENSITIVE if values.hidden else _text(values.before)
    new = SENSITIVE if values.hidden else _text(values.after)
    if _marked(values.unknown):
        new = UNKNOWN
    name = _name(place)
    if values.before is None:
        return f"+ {name}: {new}"
    if values.after is None and new != UNKNOWN:
        return f"- {name}: {old}"
    return f"~ {name}: {old} -> {new}"


def _opened(values: Values) -> Values:
    """JSON texts as what they hold, where both are such and nothing is masked."""
    if values.whole or not (isinstance(values.before, str) and isinstance(values.after, str)):
        return values
    before, after = _parsed(values.before), _parsed(values.after)
    if before is None or after is None or before == after:
        return values
    return Values(before, after)


def _parsed(text: str) -> dict[str, Any] | list[Any] | None:
    if not text.lstrip().startswith(("{", "[")):
        return None
    try:
        parsed = exact_json.loads(text)
    except ValueError:
        return None
    return parsed if isinstance(parsed, dict | list) else None


def part_at(value: Any, key: str | int, absent: Any) -> Any:
    """The part of `value` at `key`; `absent` where it has none."""
    if isinstance(value, dict):
        return value.get(key, absent)
    if isinstance(value, list) and isinstance(key, int) and key < len(value):
        return value[key]
    return absent


def _marked(mask: Any) -> bool:
    if isinstance(mask, dict):
        return any(_marked(part) for part in mask.values())
    if isinstance(mask, list):
        return any(_marked(part) for part in mask)
    return mask is True


def _overlap(place: ValuePath, path: ValuePath) -> bool:
    shorter = min(len(place), len(path))
    return place[:shorter] == path[:shorter]


def _text(value: Any) -> str:
    return exact_json.dumps(value, ensure_ascii=False, sort_keys=True)


def _name(place: ValuePath) -> str:
    text = ""
    for step in place:
        if isinstance(step, int):
            text += f"[{step}]"
        elif step.replace("-", "_").isidentifier():
            text += f".{step}" if text else step
        else:
            text += f"[{_text(step)}]"
    return text
