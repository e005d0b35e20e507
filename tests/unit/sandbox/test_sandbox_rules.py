"""Which replication rule meets which object."""

from __future__ import annotations

from typing import Any

import pytest
import xmltodict
from hypothesis import given
from hypothesis import strategies as st

from pytg_sandbox.s3_rules import Rule, chosen, parse_rules


def rule(**changes: Any) -> dict[str, Any]:
    return {
        "Status": "Enabled",
        "Priority": "1",
        "Filter": {"Prefix": "a/"},
        "DeleteMarkerReplication": {"Status": "Enabled"},
        "Destination": {"Bucket": "arn:aws:s3:::there"},
    } | changes


def parsed(*rules: dict[str, Any]) -> list[Rule]:
    return parse_rules({"Rule": list(rules)})


def test_a_rule_as_s3_reads_it() -> None:
    text = """<ReplicationConfiguration><Role>r</Role><Rule>
      <ID>x</ID><Priority>7</Priority><Status>Enabled</Status>
      <Filter><And><Prefix>a/</Prefix><Tag><Key>kind</Key><Value>document</Value></Tag></And></Filter>
      <DeleteMarkerReplication><Status>Enabled</Status></DeleteMarkerReplication>
      <SourceSelectionCriteria><ReplicaModifications><Status>Enabled</Status>
      </ReplicaModifications></SourceSelectionCriteria>
      <Destination><Bucket>arn:aws:s3:::there</Bucket><StorageClass>GLACIER_IR</StorageClass>
      </Destination></Rule></ReplicationConfiguration>"""
    (found,) = parse_rules(xmltodict.parse(text)["ReplicationConfiguration"])
    assert found == Rule(
        target="there",
        identity="x",
        priority=7,
        prefix="a/",
        tags={"kind": "document"},
        storage_class="GLACIER_IR",
        delete_markers=False,  # never with a tag filter
        replica_modifications=True,
    )


def test_an_empty_filter_takes_everything() -> None:
    (found,) = parsed(rule(Filter=None))
    assert found.matches("anything", {})


def test_the_old_form_has_its_prefix_in_the_rule() -> None:
    old = {"Status": "Enabled", "Prefix": "a/", "Destination": {"Bucket": "arn:aws:s3:::there"}}
    (found,) = parse_rules({"Rule": old})
    assert found.matches("a/1", {})
    assert not found.matches("b/1", {})


@pytest.mark.parametrize(
    "bad",
    [
        rule(ExistingObjectReplication={"Status": "Enabled"}),
        {k: v for k, v in rule().items() if k != "DeleteMarkerReplication"},
        {k: v for k, v in rule().items() if k != "Priority"},
    ],
)
def test_what_s3_calls_malformed(bad: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=r"must be specified|not supported"):
        parsed(bad)


def test_a_configuration_without_rules_is_malformed() -> None:
    with pytest.raises(ValueError, match="needs a rule"):
        parse_rules({"Role": "r"})


def test_tags_must_all_match() -> None:
    found = Rule("there", tags={"a": "1", "b": "2"})
    assert found.matches("k", {"a": "1", "b": "2", "c": "3"})
    assert not found.matches("k", {"a": "1"})


rules = st.lists(
    st.builds(
        Rule,
        target=st.sampled_from(["x", "y"]),
        priority=st.integers(0, 5),
        enabled=st.booleans(),
        prefix=st.sampled_from(["", "a", "ab"]),
    )
)


@given(rules, st.sampled_from(["a1", "ab1", "c"]))
def test_each_destination_gets_its_highest_matching_rule(all_rules: list[Rule], key: str) -> None:
    found = chosen(all_rules, key, {})
    matching = [rule for rule in all_rules if rule.matches(key, {})]
    assert [rule.target for rule in found] == sorted({rule.target for rule in matching})
    for rule in found:
        same = [other.priority for other in matching if other.target == rule.target]
        assert rule.priority == max(same)
