"""One broken fixture for each rule of YAML: the whole text that a person reads, place and hint."""

# ruff: noqa: E501 - a message stands in one line, as people read it

from __future__ import annotations

from pathlib import Path

import pytest
from broken_estate import ENV, Cases, assert_told

CASES: Cases = {}
CASES["no config.yaml"] = (
    {"config.yaml": None},
    """
config.yaml:1: there is no config.yaml
""",
)
CASES["broken YAML"] = (
    {ENV: "tags: [\n"},
    """
live/docs/us-east-1/dev/env.yaml:2: not valid YAML: while parsing a flow node, did not find expected node content
""",
)
CASES["a tab"] = (
    {ENV: "tags:\n\ta: b\n"},
    """
live/docs/us-east-1/dev/env.yaml:2: not valid YAML: while scanning for the next token, found character that cannot start any token
    YAML indents with spaces, not with tabs
""",
)
CASES["two documents"] = (
    {ENV: "tags: {}\n---\ntags: {}\n"},
    """
live/docs/us-east-1/dev/env.yaml:2: not valid YAML: expected a single document in the stream, but found another document
""",
)
CASES["duplicate key"] = (
    {ENV: "tags: {a: b}\ntags: {c: d}\n"},
    """
live/docs/us-east-1/dev/env.yaml:2: key `tags` stands twice
    first at live/docs/us-east-1/dev/env.yaml:1
""",
)
CASES["merge key"] = (
    {ENV: "tags:\n  <<: {a: b}\n"},
    """
live/docs/us-east-1/dev/env.yaml:2: YAML merge keys (`<<`) are not supported
    the four levels merge: put what is shared at a level above
""",
)
CASES["alias"] = (
    {ENV: "tags: &t {a: b}\ninputs: *t\n"},
    """
live/docs/us-east-1/dev/env.yaml:1: YAML aliases (`*name`) are not supported
    write the value out, or move it to a level that both places share
""",
)
CASES["key not text"] = (
    {ENV: "tags: {1: b}\n"},
    """
live/docs/us-east-1/dev/env.yaml:1: a key must be text
    put it in quotes
""",
)
CASES["YAML tag"] = (
    {ENV: "tags: {a: !secret b}\n"},
    """
live/docs/us-east-1/dev/env.yaml:1: YAML tag `!secret` is not supported
""",
)
CASES["octal number"] = (
    {"live/docs/account.yaml": "account_id: 000000000001\n"},
    """
live/docs/account.yaml:1: `000000000001` is not a plain decimal number
    put it in quotes if it is text, else write the plain decimal number
""",
)
CASES["account_id with a zero in front and an 8 or 9"] = (
    {"live/docs/account.yaml": "account_id: 012345678901\n"},
    """
live/docs/account.yaml:1: `012345678901` is not a plain decimal number
    put it in quotes if it is text, else write the plain decimal number
""",
)
CASES["account_id a number"] = (
    {"live/docs/account.yaml": "account_id: 123456789012\n"},
    """
live/docs/account.yaml:1: `account_id` must be text, not a number
    put it in quotes
""",
)
CASES["account_id too short"] = (
    {"live/docs/account.yaml": 'account_id: "12"\n'},
    """
live/docs/account.yaml:1: `account_id` must be 12 digits, not `12`
""",
)
CASES["yes"] = (
    {ENV: "protected: yes\n"},
    """
live/docs/us-east-1/dev/env.yaml:1: `yes` may mean a truth value or text
    write true or false, or put it in quotes if it is text
""",
)
CASES["a number as tag"] = (
    {ENV: "tags: {a: 1.10}\n"},
    """
live/docs/us-east-1/dev/env.yaml:1: `tags.a` must be text, not a number
    put it in quotes
""",
)


@pytest.mark.parametrize("name", CASES)
def test_a_broken_rule_is_told_with_place_and_hint(name: str, tmp_path: Path) -> None:
    assert_told(CASES[name], tmp_path)
