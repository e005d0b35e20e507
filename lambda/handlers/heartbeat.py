"""Measures the lag from this region to its peer, and how long the peer has been silent."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from docmig import heartbeats, keys
from docmig.aws.control_table import ControlTable
from docmig.aws.objects import Documents
from docmig.aws.powertools import Context, instruments, now_ms
from docmig.aws.tables import MetadataTable
from docmig.heartbeats import Lag, Look
from docmig.ingest import SENTINELS
from docmig.keys import ItemKey
from docmig.settings import Settings, read

PURPOSE = "heartbeat"
SPARE_MS = 2_000  # left for the answer when Lambda's time runs out


@dataclass(frozen=True, slots=True, kw_only=True)
class HeartbeatSettings(Settings):
    control_table: str
    metadata_table: str
    documents_bucket: str
    peer_documents_bucket: str
    beats: int = 3
    interval_seconds: float = 5.0
    patience_seconds: float = 15.0
    poll_seconds: float = 0.05


class Heartbeat:
    def __init__(self, settings: HeartbeatSettings) -> None:
        self.settings = settings
        self.tools = instruments(PURPOSE, settings)
        self.here = ControlTable(settings.control_table, settings.aws_region)
        self.there = ControlTable(settings.control_table, settings.peer_region)
        self.metadata = MetadataTable(settings.metadata_table, settings.aws_region)
        self.documents = Documents(settings.documents_bucket, settings.aws_region)
        self.copies = Documents(settings.peer_documents_bucket, settings.peer_region)

    def run(self, context: Context) -> dict[str, Any]:
        self.tools.invocation(context, context.aws_request_id)
        sentinel = self._sentinel()
        lags: list[Lag] = []
        for number in range(self.settings.beats):
            if number:
                time.sleep(self.settings.interval_seconds)
            lags.append(self._beat(context, sentinel))
            if context.get_remaining_time_in_millis() < self._needed_ms():
                break
        summary = heartbeats.summarise(lags)
        silence = self._silence()
        result = {
            "lag_ms": round(summary.maximum_ms),
            "complete": summary.complete,
            "beats": summary.count,
            "peer_silence_ms": None if silence is None else round(silence),
            "sentinel_pending_ms": sentinel["sentinel_pending_ms"],
        }
        self.here.put(
            keys.recent_lag(self.settings.aws_region),
            {
                "lag_ms": result["lag_ms"],
                "complete": summary.complete,
                "measured_at_ms": round(now_ms()),
            },
        )
        # Through the stream too: an idle consumer has no iterator age, and a gate no evidence.
        beat = keys.heartbeat(self.settings.aws_region).as_dict()
        self.metadata.put(
            {**beat, "origin_region": self.settings.aws_region, "at": round(now_ms())}
        )
        self.tools.logger.info("beat", extra={"result": result})
        return result

    def _beat(self, context: Context, sentinel: dict[str, Any]) -> Lag:
        sent = now_ms()
        beat = round(sent)
        self.here.put(keys.heartbeat(self.settings.aws_region), {"beat": beat, **sentinel})
        acknowledged = now_ms()
        lag = heartbeats.lag_of(beat, acknowledged, self._looks(acknowledged, context))
        self._measure("CrossRegionVisibleLagMs", lag.ms)
        if not lag.seen:
            self.tools.logger.warning("beat not seen in time", extra={"lag_ms": lag.ms})
        return lag

    def _looks(self, since: float, context: Context) -> Iterator[Look]:
        key = keys.heartbeat(self.settings.aws_region)
        patience_ms = min(
            self.settings.patience_seconds * 1000,
            context.get_remaining_time_in_millis() - SPARE_MS,
        )
        while True:
            seen = self._seen(key)
            at = now_ms()
            yield Look(at, seen)
            if at - since >= patience_ms:
                return
            time.sleep(self.settings.poll_seconds)

    def _seen(self, key: ItemKey) -> int | None:
        """The newest beat in the peer region; None also while that cannot be reached."""
        try:
            item = self.there.get(key)
        except (ClientError, BotoCoreError):
            self.tools.logger.warning("the peer region did not answer", exc_info=True)
            return None
        return None if item is None else int(item["beat"])

    def _silence(self) -> float | None:
        item = self.here.get(keys.heartbeat(self.settings.peer_region))
        silence = heartbeats.silence_ms(None if item is None else float(item["beat"]), now_ms())
        if silence is not None:
            self.tools.measure(
                "PeerSilenceMs",
                silence,
                from_region=self.settings.peer_region,
                to_region=self.settings.aws_region,
            )
        return silence

    def _sentinel(self) -> dict[str, Any]:
        """Write a small object for S3 to copy, once the last one has arrived."""
        item = self.here.get(keys.heartbeat(self.settings.aws_region)) or {}
        key = f"{SENTINELS}{self.settings.aws_region}"
        version, since = str(item.get("sentinel_version", "")), int(item.get("sentinel_at_ms", 0))
        pending = 0
        if version and not self._arrived(key, version):
            pending = round(now_ms()) - since
        else:
            since = round(now_ms())
            version = self.documents.put_sentinel(key, str(since))
        self._measure("SentinelPendingMs", pending)
        return {
            "sentinel_version": version,
            "sentinel_at_ms": since,
            "sentinel_pending_ms": pending,
        }

    def _arrived(self, key: str, version: str) -> bool:
        try:
            return self.copies.find(key, version) is not None
        except (ClientError, BotoCoreError):
            self.tools.logger.warning("the peer region did not answer", exc_info=True)
            return False

    def _measure(self, name: str, milliseconds: float) -> None:
        self.tools.measure(
            name,
            milliseconds,
            from_region=self.settings.aws_region,
            to_region=self.settings.peer_region,
        )

    def _needed_ms(self) -> float:
        return (self.settings.interval_seconds + self.settings.patience_seconds) * 1000 + SPARE_MS


@cache
def application() -> Heartbeat:
    return Heartbeat(read(HeartbeatSettings, os.environ))


def handler(event: dict[str, Any], context: Context) -> dict[str, Any]:  # noqa: ARG001  # a clock calls it
    """Every minute, by a schedule."""
    return application().run(context)
