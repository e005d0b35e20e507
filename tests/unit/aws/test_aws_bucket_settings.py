"""What a new resource would overwrite, asked of S3."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest

from pytg.aws.bucket_settings import SETTINGS, BucketSettings
from pytg.aws.session import Sessions
from pytg.errors import Refused
from pytg.model import Account
from support.estate_in_memory import unit_at

POLICY = json.dumps(
    {
        "Version": "2012-10-17",
        "Statement": [
            {
                "Sid": "Theirs",
                "Effect": "Allow",
                "Principal": {"AWS": "arn:aws:iam::123456789012:root"},
                "Action": "s3:ListBucket",
                "Resource": "arn:aws:s3:::old",
            }
        ],
    }
)
PUTS: dict[str, tuple[str, dict[str, Any], str]] = {
    "aws_s3_bucket_cors_configuration": (
        "put_bucket_cors",
        {
            "CORSConfiguration": {
                "CORSRules": [{"AllowedMethods": ["GET"], "AllowedOrigins": ["x"]}]
            }
        },
        "GET",
    ),
    "aws_s3_bucket_lifecycle_configuration": (
        "put_bucket_lifecycle_configuration",
        {
            "LifecycleConfiguration": {
                "Rules": [
                    {
                        "ID": "theirs",
                        "Status": "Enabled",
                        "Filter": {"Prefix": "tmp/"},
                        "Expiration": {"Days": 3},
                    }
                ]
            }
        },
        "theirs",
    ),
    "aws_s3_bucket_notification": (
        "put_bucket_notification_configuration",
        {
            "NotificationConfiguration": {
                "TopicConfigurations": [
                    {
                        "TopicArn": "arn:aws:sns:us-east-1:123456789012:theirs",
                        "Events": ["s3:ObjectCreated:*"],
                    }
                ]
            },
            "SkipDestinationValidation": True,
        },
        "theirs",
    ),
    "aws_s3_bucket_policy": ("put_bucket_policy", {"Policy": POLICY}, "Theirs"),
    "aws_s3_bucket_website_configuration": (
        "put_bucket_website",
        {"WebsiteConfiguration": {"IndexDocument": {"Suffix": "home.html"}}},
        "home.html",
    ),
}


@pytest.fixture
def old(sessions: Sessions, account: Account) -> Any:
    s3 = sessions.client(account, "s3", "us-east-1")
    s3.create_bucket(Bucket="old")
    return s3


@pytest.mark.parametrize("kind", sorted(SETTINGS))
def test_a_new_bucket_has_nothing_to_lose(
    kind: str, old: Any, sessions: Sessions, account: Account
) -> None:
    assert old
    unit = replace(unit_at("sandbox/us-east-1/dev/storage"), account=account)
    assert BucketSettings(sessions).there(unit, kind, "old") is None
    assert BucketSettings(sessions).there(unit, kind, "not-there") is None


@pytest.mark.parametrize("kind", sorted(PUTS))
def test_what_is_there_is_shown(kind: str, old: Any, sessions: Sessions, account: Account) -> None:
    operation, given, word = PUTS[kind]
    getattr(old, operation)(Bucket="old", **given)
    unit = replace(unit_at("sandbox/us-east-1/dev/storage"), account=account)
    found = BucketSettings(sessions).there(unit, kind, "old")
    assert found
    assert word in found


def test_what_cannot_be_seen_is_refused(sessions: Sessions) -> None:
    unit = replace(unit_at("x/us-east-1/dev/storage"), account=Account("x", None, profile="none"))
    with pytest.raises(Refused, match="cannot"):
        BucketSettings(sessions).there(unit, "aws_s3_bucket_policy", "old")
