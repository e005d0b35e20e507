"""YAML read into nodes with positions: the safe part of YAML 1.1 that means what it says."""

from __future__ import annotations

import re
from dataclasses import replace
from decimal import Decimal
from pathlib import Path

import yaml

from pytg import exact_json
from pytg.config.node import Node, ReportProblem, Scalar
from pytg.errors import Position, Problem

_Loader: type[yaml.SafeLoader] = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_TAG = "tag:yaml.org,2002:"
_DECIMAL = re.compile(r"[-+]?(0|[1-9][0-9]*)")
_HEX = re.compile(r"0x[0-9a-fA-F]+")
_FLOAT = re.compile(r"[-+]?(0|[1-9][0-9]*)?\.[0-9]*([eE][-+][0-9]+)?")
_AMBIGUOUS = re.compile(r"[-+]?(0[0-7_]+|0b[01_]+|[0-9][0-9_.]*|0x[0-9a-fA-F_]+)([eE][-+][0-9]+)?")
# 089, 1e3, 0o17: text in YAML 1.1, a number in YAML 1.2
_NEWER = re.compile(r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?|0o[0-7]+")
_UNUSABLE = re.compile("[\0\ud800-\udfff]")  # no program takes these in a text that it is given
_FARTHEST = 100_000  # as an exponent; with millions, Terraform does not come to an end
_DEEPEST = 100  # levels; Python ends a recursion at some hundreds
_BOOLEANS = {"true": True, "false": False}


def read_yaml(root: Path, file: Path, report: ReportProblem) -> Node | None:
    """The document in `root / file`; an empty one is an empty map, a broken one None.

    Positions name `file` as given. Timestamps stay text.
    """
    start = Position(file)
    text = _text_of(root, file, report)
    if text is None:
        return None
    try:
        document = yaml.compose(text, Loader=_Loader)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark
        where = Position(file, mark.line + 1, mark.column + 1) if mark else start
        said = ", ".join(part for part in (error.context, error.problem) if part)
        tab = mark is not None and text[mark.index : mark.index + 1] == "\t"
        hint = "YAML indents with spaces, not with tabs" if tab else ""
        report(Problem(f"not valid YAML: {said}", where, hint))
        return None
    except yaml.YAMLError as error:
        report(Problem(f"not valid YAML: {' '.join(str(error).split())}", start))
        return None
    if document is None:
        return Node({}, start)
    if deep := _too_deep(document):
        place = Position(file, deep.start_mark.line + 1, deep.start_mark.column + 1)
        report(Problem(f"nested deeper than {_DEEPEST} levels", place))
        return None
    found = _Reader(file, report).read(document)
    return found if found and found.value is not None else Node({}, start)


def _text_of(root: Path, file: Path, report: ReportProblem) -> str | None:
    try:
        content = (root / file).read_bytes()
        return content.decode("utf-8-sig")
    except OSError as error:
        hint = "look at its permissions, and at those of its directory"
        report(Problem(f"cannot be read: {error.strerror}", Position(file), hint))
    except UnicodeDecodeError as error:
        place = Position(file, content.count(b"\n", 0, error.start) + 1)
        report(Problem("not UTF-8", place, "save the file as UTF-8"))
    return None


def _too_deep(document: yaml.Node) -> yaml.Node | None:
    """A node that lies deeper than others of pytg can follow."""
    level, seen = [document], {id(document)}
    for _ in range(_DEEPEST):
        below = [child for node in level for child in _children(node) if id(child) not in seen]
        if not below:
            return None
        seen.update(map(id, below))
        level = below
    return level[0]


def _children(node: yaml.Node) -> list[yaml.Node]:
    if isinstance(node, yaml.MappingNode):
        return [part for pair in node.value for part in pair]
    return list(node.value) if isinstance(node, yaml.SequenceNode) else []


class _Reader:
    """Turns one document's YAML nodes into ours."""

    def __init__(self, file: Path, report: ReportProblem) -> None:
        self.file = file
        self.report = report
        self.seen: set[int] = set()

    def read(self, node: yaml.Node) -> Node | None:
        """The node, or None where it was refused."""
        position = self._position(node)
        if id(node) in self.seen:
            hint = "write the value out, or move it to a level that both places share"
            self._refuse("YAML aliases (`*name`) are not supported", position, hint)
            return None
        self.seen.add(id(node))
        if isinstance(node, yaml.MappingNode):
            return Node(self._map(node), position)
        if isinstance(node, yaml.SequenceNode):
            items = (self.read(item) for item in node.value)
            return Node(tuple(item for item in items if item), position)
        return self._scalar(node, position)

    def _position(self, node: yaml.Node) -> Position:
        return Position(self.file, node.start_mark.line + 1, node.start_mark.column + 1)

    def _refuse(self, message: str, position: Position, hint: str) -> None:
        self.report(Problem(message, position, hint))

    def _map(self, node: yaml.MappingNode) -> dict[str, Node]:
        entries: dict[str, Node] = {}
        for key_node, value_node in node.value:
            where = self._position(key_node)
            key = self._key(key_node, where)
            if key is None:
                continue
            if key in entries:
                first = entries[key].start
                self.report(Problem(f"key `{key}` stands twice", where, f"first at {first}"))
            value = self.read(value_node)
            if value:
                entries[key] = replace(value, key_position=where)
        return entries

    def _key(self, node: yaml.Node, where: Position) -> str | None:
        if node.tag == _TAG + "merge":
            hint = "the four levels merge: put what is shared at a level above"
            self.report(Problem("YAML merge keys (`<<`) are not supported", where, hint))
            return None
        text_like = (_TAG + "str", _TAG + "timestamp", _TAG + "value")
        scalar = isinstance(node, yaml.ScalarNode)
        if not scalar or node.tag not in text_like or _is_newer_number(node):
            hint = "put it in quotes" if scalar else ""
            self.report(Problem("a key must be text", where, hint))
            return None
        return self._text(str(node.value), where)

    def _text(self, text: str, position: Position) -> str | None:
        """`text`, or None where it is refused."""
        found = _UNUSABLE.search(text)
        if found is None:
            return text
        hint = "leave it out; what is no text can stand in one as base64"
        self._refuse(f"U+{ord(found[0]):04X} cannot stand in a text", position, hint)
        return None

    def _scalar(self, node: yaml.Node, position: Position) -> Node | None:
        text, kind = str(node.value), node.tag.removeprefix(_TAG)
        if kind in ("int", "float") or _is_newer_number(node):
            return self._number(text, position)
        if kind in ("str", "timestamp", "value"):
            usable = self._text(text, position)
            return None if usable is None else Node(usable, position)
        if kind == "null":
            return Node(None, position)
        if kind == "bool":
            value: Scalar = _BOOLEANS.get(text.lower())
            if value is None:
                hint = "write true or false, or put it in quotes if it is text"
                self._refuse(f"`{text}` may mean a truth value or text", position, hint)
                return None
            return Node(value, position)
        self._refuse(f"YAML tag `{node.tag}` is not supported", position, "")
        return None

    def _number(self, text: str, position: Position) -> Node | None:
        decimal = _DECIMAL.fullmatch(text) or (
            _FLOAT.fullmatch(text) and text.strip("+-.") and "." in text
        )
        if decimal or _HEX.fullmatch(text):
            try:
                value = exact_json.number(text if decimal else str(int(text, 16)))
            except ValueError:
                value = Decimal("Infinity")
            if isinstance(value, Decimal) and not _within_reach(value):
                hint = "Terraform cannot count with it"
                self._refuse(f"`{text:.40}` is too large, or too small", position, hint)
                return None
            return Node(value, position, written=text)
        no_number = _AMBIGUOUS.fullmatch(text) or _NEWER.fullmatch(text)
        if no_number or text.lower().strip("+-.") in ("inf", "nan"):
            hint = "put it in quotes if it is text, else write the plain decimal number"
            self._refuse(f"`{text}` is not a plain decimal number", position, hint)
            return None
        return Node(text, position)  # YAML 1.1 reads 22:30 as a number of base 60


def _is_newer_number(node: yaml.Node) -> bool:
    """Whether YAML 1.2 reads a number where YAML 1.1 reads text: not with quotes or a tag."""
    text = str(node.value)
    bare = node.end_mark.index - node.start_mark.index == len(text)
    return bare and node.tag == _TAG + "str" and bool(_NEWER.fullmatch(text))


def _within_reach(number: Decimal) -> bool:
    return number.is_finite() and abs(number.adjusted()) <= _FARTHEST
