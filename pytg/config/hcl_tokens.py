"""The words of HCL text: what comments, strings, templates and heredocs are, and where.

Only what a reader of declarations needs: it is never stricter than Terraform, and leaves what
an expression means to Terraform.
"""

from __future__ import annotations

import json
import re
from bisect import bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

_SKIPPED = re.compile(r"(?:[ \t\r\ufeff]|(?:#|//)[^\n]*|/\*.*?\*/)+", re.DOTALL)
# a letter of any script, then also the marks that scripts write over and under their letters
NAME = (
    r"[^\W\d][\w\-\u00b7\u0300-\u1fff\u200c\u200d\u203f-\u2054\u20d0-\u20ff\u2ce0-\u2dff"
    r"\u302a-\u30ff\ua66f-\uabff\ufb1e\ufe00-\ufe4f\U00010000-\U000e01ef]*"
)
"""A regular expression of every name that Terraform takes; it also matches a few that are none."""
_NAME = re.compile(NAME)
_NUMBER = re.compile(r"\d+(?:\.\d+)?(?:[eE][+-]?\d+)?")
_HEREDOC = re.compile(rf"<<-?({NAME})[ \t\r]*\n")
_MARK = re.compile(r"\.\.\.|=>|==|!=|<=|>=|&&|\|\||::|[{}\[\]()=,.:?+\-*/%!<>~]")
_JSON_STRING = re.compile(r'"(?:[^"\\]|\\.)*"', re.DOTALL)
_ESCAPE = re.compile(r"\\(u[0-9a-fA-F]{4}|U[0-9a-fA-F]{8}|.)|\$(\$\{)|%(%\{)", re.DOTALL)
_CONTROL = {"n": "\n", "r": "\r", "t": "\t"}
_NOT_UTF8 = re.compile("[\udc80-\udcff]")


class HclError(ValueError):
    """The text is not HCL: why, and at which line and column."""

    def __init__(self, message: str, line: int, column: int) -> None:
        super().__init__(message)
        self.line = line
        self.column = column


@dataclass(frozen=True, slots=True)
class Token:
    """A word: `kind` is name, number, string, mark, newline or end.

    `value` is what a string says; `inside` are the words of its interpolations.
    """

    kind: str
    text: str
    line: int
    column: int
    value: str = ""
    inside: tuple[Token, ...] = ()

    def is_mark(self, *texts: str) -> bool:
        return self.kind == "mark" and self.text in texts


def tokens_of(text: str, *, in_json: bool = False) -> list[Token]:
    """All words of `text`, with one of the kind `end` after them. Raises HclError.

    `in_json`: its strings are those of JSON, with templates in them. Bytes that are not UTF-8
    may stand in comments, as surrogates.
    """
    lexer = _Lexer(text, in_json=in_json)
    found = list(lexer.words())
    return [*found, lexer.token("end", len(text), len(text))]


def deep(tokens: Sequence[Token]) -> Iterator[Sequence[Token]]:
    """`tokens`, and the words of every interpolation within them, however deep."""
    yield tokens
    for token in tokens:
        if token.inside:
            yield from deep(token.inside)


class _Lexer:
    def __init__(self, text: str, *, in_json: bool) -> None:
        self.text = text
        self.at = 0
        self.in_json = in_json
        self.lines = [0, *(found.end() for found in re.finditer("\n", text))]

    def place(self, at: int) -> tuple[int, int]:
        line = bisect_right(self.lines, at)
        return line, at - self.lines[line - 1] + 1

    def error(self, message: str, at: int) -> HclError:
        return HclError(message, *self.place(at))

    def token(
        self, kind: str, start: int, end: int, value: str = "", inside: tuple[Token, ...] = ()
    ) -> Token:
        self.at = end
        return Token(kind, self.text[start:end], *self.place(start), value, inside)

    def words(self, *, until_brace: bool = False) -> Iterator[Token]:
        """The words from here on; `until_brace`: up to the `}` that ends an interpolation."""
        began, depth = self.at, 0
        while True:
            if skipped := _SKIPPED.match(self.text, self.at):
                self.at = skipped.end()
            if self.at >= len(self.text):
                if until_brace:
                    raise self.error("the interpolation that begins here is not closed", began)
                return
            token = self._word()
            depth += token.is_mark("{") - token.is_mark("}")
            if until_brace and depth < 0:
                return
            yield token

    def _word(self) -> Token:
        text, at = self.text, self.at
        if text[at] == "\n":
            return self.token("newline", at, at + 1)
        if text[at] == '"':
            return self._json_string() if self.in_json else self._string()
        if found := _HEREDOC.match(text, at):
            return self._heredoc(found)
        for kind, pattern in (("name", _NAME), ("number", _NUMBER), ("mark", _MARK)):
            if found := pattern.match(text, at):
                if text.startswith("/*", at):
                    raise self.error("the comment that begins here is not closed", at)
                return self.token(kind, at, found.end())
        if _NOT_UTF8.match(text, at):
            raise self.error("not UTF-8", at)
        raise self.error(f"`{text[at]}` is not expected", at)

    def _string(self) -> Token:
        start = self.at
        self.at += 1
        inside: list[Token] = []
        while True:
            character = self.text[self.at : self.at + 1]
            if character in ("", "\n"):
                raise self.error("the text that begins here is not closed", start)
            if character == '"':
                break
            if character == "\\":
                self.at += 2
            else:
                self._template(inside)
        value = _ESCAPE.sub(_unescaped, self.text[start + 1 : self.at])
        return self.token("string", start, self.at + 1, value, tuple(inside))

    def _json_string(self) -> Token:
        found = _JSON_STRING.match(self.text, self.at)
        if found is None:
            raise self.error("the text that begins here is not closed", self.at)
        value = str(json.loads(found[0], strict=False))
        line = self.place(self.at)[0]
        inside = tuple(
            Token(word.kind, word.text, line, 1, word.value, word.inside)
            for word in _in_template(value)
        )
        return self.token("string", found.start(), found.end(), value, inside)

    def _heredoc(self, found: re.Match[str]) -> Token:
        last = re.compile(rf"[ \t]*{re.escape(found[1])}[ \t\r]*(?=\n|\Z)")
        inside: list[Token] = []
        self.at = found.end()
        while (end := last.match(self.text, self.at)) is None:
            line = self.text.find("\n", self.at)
            if line < 0:
                raise self.error(f"the text that ends with {found[1]} is not closed", found.start())
            while self.at <= line:  # an interpolation may go beyond the line
                self._template(inside)
        body = self.text[found.end() : end.start()].splitlines()
        value = "\n".join(part.strip() for part in body)
        return self.token("string", found.start(), end.end(), value, tuple(inside))

    def _template(self, inside: list[Token]) -> None:
        """One step in a template: a character, an escape, or a whole interpolation."""
        text, at = self.text, self.at
        if text.startswith(("$${", "%%{"), at):
            self.at += 3
        elif text.startswith(("${", "%{"), at):
            self.at += 2
            # marks keep what stands in two interpolations apart
            inside += [*self.words(until_brace=True), Token("mark", ";", *self.place(at))]
        elif _NOT_UTF8.match(text, at):
            raise self.error("not UTF-8", at)
        else:
            self.at += 1

    def template(self) -> list[Token]:
        inside: list[Token] = []
        while self.at < len(self.text):
            self._template(inside)
        return inside


def _in_template(text: str) -> list[Token]:
    """The words in a text of JSON that may be a template; none where it is not one."""
    try:
        return _Lexer(text, in_json=False).template()
    except HclError:
        return []


def _unescaped(found: re.Match[str]) -> str:
    if found[1] is None:
        return found[2] or found[3]
    if found[1][0] in "uU" and len(found[1]) > 1:
        return chr(int(found[1][1:], 16))
    return _CONTROL.get(found[1], found[1])
