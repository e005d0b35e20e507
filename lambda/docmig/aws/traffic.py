"""Where traffic goes: routes of the Multi-Region Access Point and the active-region parameters."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from docmig.aws import clients
from docmig.control import Control


@dataclass(frozen=True, slots=True)
class Routes:
    """Of one Multi-Region Access Point; without an ARN there are none to move."""

    arn: str
    account_id: str
    buckets: dict[str, str]

    def point_to(self, region: str) -> None:
        """All requests to `region`. About 2 minutes until every one goes there."""
        if not self.arn:
            return
        # One call for both: all buckets passive at once is refused.
        updates: list[Any] = [
            {"Bucket": bucket, "Region": where, "TrafficDialPercentage": 100 * (where == region)}
            for where, bucket in sorted(self.buckets.items())
        ]
        clients.s3control(region).submit_multi_region_access_point_routes(
            AccountId=self.account_id, Mrap=self.arn, RouteUpdates=updates
        )

    def point_at(self, region: str) -> bool:
        """Whether the routes say so."""
        if not self.arn:
            return True
        answer = clients.s3control(region).get_multi_region_access_point_routes(
            AccountId=self.account_id, Mrap=self.arn
        )
        dials = {
            str(route.get("Region", "")): route["TrafficDialPercentage"]
            for route in answer["Routes"]
        }
        return all(dials.get(where) == 100 * (where == region) for where in self.buckets)


@dataclass(frozen=True, slots=True)
class ActiveRegionParameter:
    """The same value in each region, for clients that do not read DynamoDB."""

    name: str

    def publish(self, control: Control, regions: tuple[str, ...]) -> list[str]:
        """Write what clients need to know; the regions that could not be reached."""
        if not self.name:
            return []
        value = json.dumps(
            {
                "epoch": control.epoch,
                "state": str(control.state),
                "active_region": control.active_region,
            },
            sort_keys=True,
        )
        failed = []
        for region in regions:
            try:
                clients.ssm(region).put_parameter(
                    Name=self.name.replace("{region}", region),
                    Value=value,
                    Type="String",
                    Overwrite=True,
                )
            except (BotoCoreError, ClientError):
                failed.append(region)
        return failed
