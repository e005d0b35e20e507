"""Documents, gates, waves, comparison, failures and settings: decisions without AWS."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from lambda_world import SOURCE, TARGET

from docmig import document, failures, gates, ingest, readiness, replication_failures, verification
from docmig import waves as planning
from docmig.document import Document, Rules
from docmig.failures import Outlook, PermanentError, RetryPolicy, TransientError
from docmig.gates import Check, Point, Rule
from docmig.object_events import ObjectFacts, parse_event
from docmig.replication_failures import Response
from docmig.settings import Settings, SettingsError, pairs, read
from docmig.verification import Totals
from docmig.waves import PrefixLoad

NOW = datetime(2031, 1, 31, 12, tzinfo=UTC)


def facts(**values: Any) -> ObjectFacts:
    default: dict[str, Any] = {
        "key": "a.pdf",
        "version_id": "v1",
        "size": 10,
        "etag": '"d41d8cd98f00b204e9800998ecf8427e"',
        "written_at": NOW,
        "content_type": "application/pdf",
    }
    return ObjectFacts(**{**default, **values})


# Documents


@pytest.mark.parametrize(
    ("values", "code"),
    [
        ({"key": "folder/"}, "key-empty"),
        ({"key": "a\x07.pdf"}, "key-control-character"),
        ({"key": "ä" * 600}, "key-too-long"),
        ({"size": 0}, "empty"),
        ({"size": 6 * document.TEBIBYTE}, "too-large"),
        ({"key": "a", "content_type": ""}, "content-type-unknown"),
        ({"content_type": "nonsense"}, "content-type-malformed"),
        ({"content_type": "application/x-sh"}, "content-type-refused"),
        ({"content_type": "image/png"}, "content-type-mismatch"),
        ({"metadata": {"sha256": "12"}}, "checksum-malformed"),
        ({"metadata": {"document-date": "31.1.2031"}}, "date-malformed"),
    ],
)
def test_each_reason_against_a_document(values: dict[str, Any], code: str) -> None:
    with pytest.raises(PermanentError) as caught:
        document.accept(facts(**values))
    assert code in [reason.code for reason in caught.value.reasons]


def accepted(given_facts: ObjectFacts) -> Document | None:
    """None for what is refused, which needs a reason."""
    try:
        return document.accept(given_facts)
    except PermanentError as error:
        if not error.reasons:
            raise AssertionError("refused without a reason") from error
        return None


@given(st.text(min_size=1, max_size=60), st.integers(-1, 10**13), st.text(max_size=40))
def test_a_document_is_accepted_in_a_stable_form_or_refused_with_a_reason(
    key: str, size: int, content_type: str
) -> None:
    assume(key.isprintable())
    once = accepted(facts(key=key, size=size, content_type=content_type))
    if once is None:
        return
    again = document.accept(facts(key=key, size=size, content_type=once.content_type))
    assert again == once
    assert 0 < once.size <= Rules().max_bytes


def test_checksums_in_the_order_of_their_strength() -> None:
    sha = "00" * 32
    crc = {"CRC64NVME": "AAAAAAAAAAA="}
    assert document.checksum(facts(checksums=crc)) == "crc64nvme:" + "00" * 8
    assert document.checksum(facts(checksums=crc, metadata={"sha256": sha})) == f"sha256:{sha}"
    assert document.checksum(facts()) == "md5:d41d8cd98f00b204e9800998ecf8427e"
    assert document.checksum(facts(etag='"abc-12"')) == ""


def test_sentinels_are_no_documents() -> None:
    assert not ingest.concerns_documents("sentinel/us-east-1", ("sentinel/",))
    assert ingest.concerns_documents("incoming/sentinel/", ("sentinel/",))


def test_an_event_of_an_unversioned_bucket_is_refused() -> None:
    body = {
        "id": "1",
        "detail-type": "Object Created",
        "region": SOURCE,
        "time": "2031-01-31T12:00:00Z",
        "detail": {"bucket": {"name": "b"}, "object": {"key": "k"}},
    }
    with pytest.raises(PermanentError, match="not versioned"):
        parse_event(body)


# Gates

CHECK = Check("c", Rule.AT_MOST, 5, window=100, points=2, max_age=30)
POINTS = st.builds(Point, st.floats(-50, 250), st.floats(allow_nan=True, allow_infinity=True))


@given(st.lists(POINTS), st.sampled_from(Rule), st.floats(0, 200))
def test_a_check_holds_only_on_fresh_and_sufficient_data(
    seen: list[Point], rule: Rule, now: float
) -> None:
    check = Check("c", rule, 5, window=100, points=2, max_age=30)
    fresh = [p for p in seen if 0 <= now - p.at <= 100]
    if gates.judge(check, seen, now).holds:
        assert len(fresh) >= 2
        assert now - max(p.at for p in fresh) <= 30
        if rule is Rule.AT_MOST:
            assert all(p.value <= 5 for p in fresh)


@given(st.lists(st.tuples(st.text(min_size=1), st.booleans()), max_size=6))
def test_a_gate_passes_only_when_every_check_was_seen_and_holds(
    checks: list[tuple[str, bool]],
) -> None:
    seen: dict[str, Any] = {name: [Point(10, 1.0 if good else 9.0)] for name, good in checks}
    listed = [Check(name, Rule.AT_MOST, 5) for name, _ in checks]
    everything = dict(checks)
    verdict = gates.evaluate(listed, seen, 20)
    assert verdict.passed == (bool(checks) and all(everything.values()))
    for name in everything:
        without = {n: p for n, p in seen.items() if n != name}
        assert not gates.evaluate(listed, without, 20).passed


def test_growth_is_judged_over_the_window() -> None:
    check = Check("pending", Rule.NOT_GROWING, 0)
    falling = [Point(100, 9), Point(160, 12), Point(220, 3)]
    assert gates.judge(check, falling, 230).holds
    assert not gates.judge(check, [Point(100, 3), Point(220, 9)], 230).holds


def test_every_check_of_the_preflight_has_its_own_name_and_regions_follow_the_facts() -> None:
    names = readiness.Names(
        environment="e",
        namespace="n",
        source=SOURCE,
        target=TARGET,
        documents={SOURCE: "s", TARGET: "t"},
        stream_consumers={SOURCE: "f", TARGET: "g"},
        dead_letter_queues=(readiness.Queue(SOURCE, "https://sqs/1/dlq"),),
        locks=readiness.Locks(SOURCE, "locks"),
    )
    listed = {check.name: probe for check, probe in readiness.preflight(names, readiness.Limits())}
    assert len(listed) == len(readiness.preflight(names, readiness.Limits()))
    pending = listed[f"pending:{SOURCE}-to-{TARGET}"]
    failed = listed[f"failed:{SOURCE}-to-{TARGET}"]
    assert isinstance(pending, readiness.Metric)
    assert isinstance(failed, readiness.Metric)
    assert (pending.region, failed.region) == (TARGET, SOURCE)

    windows = {
        check.name.partition(":")[0]: check.window
        for check, _ in readiness.preflight(names, readiness.Limits(window_s=180))
    }
    measured = {name for name, window in windows.items() if window == 180}
    assert measured == {"lag", "pending", "pending-growth", "iterator-age"}


# Waves

LOADS = st.lists(
    st.builds(
        PrefixLoad,
        st.text("abc", min_size=3, max_size=3).map(lambda text: f"{text}/"),
        st.integers(0, 100),
        st.integers(0, 1000),
    ),
    unique_by=lambda load: load.prefix,
)


@given(LOADS, st.integers(1, 200), st.integers(1, 2000))
def test_every_prefix_is_in_exactly_one_wave(
    loads: list[PrefixLoad], most_objects: int, most_bytes: int
) -> None:
    made = planning.plan(loads, most_objects=most_objects, most_bytes=most_bytes)
    listed = [prefix for wave in made for prefix in wave.prefixes]
    assert listed == sorted(load.prefix for load in loads if load.objects)
    for wave in made:
        within = wave.objects <= most_objects and wave.size <= most_bytes
        assert within or len(wave.loads) == 1
    assert [wave.number for wave in made] == list(range(1, len(made) + 1))


def test_nested_prefixes_are_refused() -> None:
    with pytest.raises(ValueError, match="contains"):
        planning.plan(
            [PrefixLoad("a/", 1, 1), PrefixLoad("a/b/", 1, 1)], most_objects=9, most_bytes=9
        )


# Comparison

VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-(10**9), 10**9) | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner, max_size=3)
    ),
    max_leaves=8,
)
ITEMS = st.dictionaries(st.text(min_size=1, max_size=6), VALUES, max_size=5)


@given(ITEMS, st.randoms(use_true_random=False))
def test_the_canonical_form_ignores_order_and_kind_of_number(
    item: dict[str, Any], random: Any
) -> None:
    names = list(item)
    random.shuffle(names)
    other = {
        name: Decimal(value) if type(value) is int else value
        for name in names
        for value in [item[name]]
    }
    assert verification.digest(item) == verification.digest(other)
    assert verification.compare_items(item, other) == []


@given(ITEMS, ITEMS)
def test_items_differ_exactly_where_a_value_does(
    one: dict[str, Any], other: dict[str, Any]
) -> None:
    found = verification.compare_items(one, other)
    assert verification.compare_items(other, one) == found
    equal = verification.digest(one) == verification.digest(other)
    assert (found == []) == equal or set(one) != set(other)


@pytest.mark.parametrize(
    ("values", "difference"),
    [
        ({"size": 11}, "object.size"),
        ({"etag": '"x"'}, "object.etag"),
        ({"version_id": "v2"}, "object.version_id"),
        ({"checksums": {"SHA256": "b"}}, "object.checksum.SHA256"),
        ({"metadata": {"a": "b"}}, "object.metadata"),
    ],
)
def test_each_difference_of_objects_is_named(values: dict[str, Any], difference: str) -> None:
    one = facts(checksums={"SHA256": "a", "CRC32": "c"})
    other = facts(**{"checksums": {"SHA256": "a"}, **values})
    assert verification.compare_objects(one, other) == [difference]


def test_what_is_missing_differs_and_nothing_checked_proves_nothing() -> None:
    assert verification.compare_objects(facts(), None) == ["object-missing"]
    assert verification.compare_items(None, {"a": 1}) == ["item-missing"]
    assert verification.cross_check(None, facts()) == ["orphan-object"]
    assert not Totals().clean
    assert Totals(2, 2, 0, 0).clean
    assert verification.error_bound(30_000) == pytest.approx(0.0001)
    assert verification.error_bound(0) == 1.0


@given(st.lists(st.builds(Totals, *(st.integers(0, 9) for _ in range(4)))))
def test_totals_add_up(parts: list[Totals]) -> None:
    whole = verification.total(part.as_dict() for part in parts)
    assert whole.checked == sum(part.checked for part in parts)
    assert whole.skipped == sum(part.skipped for part in parts)


# Failures


@pytest.mark.parametrize(
    ("reason", "response"),
    [
        ("AssumeRoleNotPermitted", Response.CONFIGURE),
        ("DstBucketUnversioned", Response.CONFIGURE),
        ("SrcBucketReplicationConfigMissing", Response.CONFIGURE),
        ("DstObjectHardDeleted", Response.IMPOSSIBLE),
        ("SrcObjectPending", Response.RETRY),
        ("SomethingNew", Response.RETRY),
    ],
)
def test_the_response_to_a_failed_replication(reason: str, response: Response) -> None:
    assert replication_failures.response_to(reason) is response


@pytest.mark.parametrize(
    ("code", "outlook"),
    [
        ("ConditionalCheckFailedException", Outlook.DUPLICATE),
        ("ValidationException", Outlook.PERMANENT),
        ("ThrottlingException", Outlook.TRANSIENT),
        ("AccessDenied", Outlook.TRANSIENT),
        ("", Outlook.TRANSIENT),
    ],
)
def test_the_outlook_of_an_error(code: str, outlook: Outlook) -> None:
    assert failures.outlook_of(code) is outlook


@given(st.integers(1, 12), st.floats(0.01, 2), st.floats(0.01, 10), st.randoms())
def test_pauses_have_full_jitter_within_bounds(
    attempts: int, base: float, cap: float, random: Any
) -> None:
    policy = RetryPolicy(attempts, base, cap)
    made = list(failures.pauses(policy, random.uniform))
    assert len(made) == attempts - 1
    assert all(0 <= p <= min(cap, base * 2**n) + 1e-9 for n, p in enumerate(made))


def test_only_what_is_transient_is_tried_again_and_only_in_time() -> None:
    def attempt(errors: list[Exception], left: float) -> tuple[int, list[float]]:
        slept: list[float] = []
        calls = 0

        def work() -> int:
            nonlocal calls
            calls += 1
            if errors:
                raise errors.pop(0)
            return calls

        result = failures.call(
            work,
            policy=RetryPolicy(attempts=3),
            uniform=lambda _, high: high,
            sleep=slept.append,
            seconds_left=lambda: left,
        )
        return result, slept

    assert attempt([TransientError(), TransientError()], 60) == (3, [0.1, 0.2])
    with pytest.raises(TransientError):
        attempt([TransientError() for _ in range(3)], 60)
    with pytest.raises(TransientError):
        attempt([TransientError()], 0.05)
    with pytest.raises(PermanentError):
        attempt([PermanentError.of("x", "y")], 60)


# Settings


@dataclass(frozen=True, slots=True, kw_only=True)
class Example(Settings):
    table: str
    count: int = 1
    on: bool = False
    names: tuple[str, ...] = ()
    maybe: str | None = None


BASE = {"ENVIRONMENT": "e", "AWS_REGION": SOURCE, "PEER_REGION": TARGET}


def test_settings_have_types() -> None:
    made = read(Example, {**BASE, "TABLE": "t", "COUNT": "3", "ON": "true", "NAMES": "a, b"})
    assert (made.table, made.count, made.on, made.names, made.maybe) == (
        "t",
        3,
        True,
        ("a", "b"),
        None,
    )


def test_everything_wrong_is_told_at_once() -> None:
    with pytest.raises(SettingsError) as caught:
        read(Example, {"AWS_REGION": SOURCE, "COUNT": "many", "ON": "yes"})
    for part in ("ENVIRONMENT is not set", "TABLE is not set", "COUNT is no int", "ON is no bool"):
        assert part in str(caught.value)
    with pytest.raises(SettingsError, match="region=value"):
        pairs(("a=b", "c"))
