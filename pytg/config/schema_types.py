"""Kinds of text in the configuration files: names, suffixes, versions and patterns."""

from __future__ import annotations

import re
from typing import Annotated

from pydantic import AfterValidator, Field

NAME_PATTERN = r"^[a-z][a-z0-9]*([-_][a-z0-9]+)*$"
SUFFIX_PATTERN = r"^([a-z0-9]+([-_][a-z0-9]+)*)?$"
_ONE = r"\s*(=|!=|>=|<=|>|<|~>)?\s*v?\d+(\.\d+)*(-[0-9A-Za-z.-]+)?\s*"
CONSTRAINT_PATTERN = rf"^{_ONE}(,{_ONE})*$"
RESERVED = frozenset({"self", "global"})


def check_name(name: str, pattern: str = NAME_PATTERN) -> str:
    """Return `name`. Raises ValueError, saying why, when it is not a name."""
    if not re.fullmatch(pattern, name):
        raise ValueError(
            f"`{name}` is not a name: small letters and digits, in groups joined by - or _"
        )
    if name in RESERVED:
        raise ValueError(f"`{name}` is a reserved word")
    return name


def check_constraint(text: str) -> str:
    """Return `text`. Raises ValueError when it is no version constraint of Terraform's."""
    if not re.fullmatch(CONSTRAINT_PATTERN, text):
        raise ValueError(f"`{text}` is no version constraint, such as `>= 1.11, < 2.0`")
    return text


def _check_suffix(suffix: str) -> str:
    return check_name(suffix, SUFFIX_PATTERN)


Name = Annotated[
    str, AfterValidator(check_name), Field(json_schema_extra={"pattern": NAME_PATTERN})
]
Suffix = Annotated[
    str, AfterValidator(_check_suffix), Field(json_schema_extra={"pattern": SUFFIX_PATTERN})
]
Constraint = Annotated[
    str,
    AfterValidator(check_constraint),
    Field(json_schema_extra={"pattern": CONSTRAINT_PATTERN}),
]


def _check_pattern(text: str) -> str:
    try:
        re.compile(text)
    except re.error as error:
        raise ValueError(f"`{text}` is no regular expression: {error}") from error
    return text


Pattern = Annotated[
    str, AfterValidator(_check_pattern), Field(json_schema_extra={"format": "regex"})
]
