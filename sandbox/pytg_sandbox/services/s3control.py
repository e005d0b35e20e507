"""S3 Control. Gaps filled: moto has no batch jobs.

Nor has it routes of Multi-Region Access Points. Of one it forgets the proposed policy and whose
the buckets are, and takes each for in us-east-1.
"""

from __future__ import annotations

from typing import Any

from moto.core.responses import ActionResult, EmptyResult
from moto.s3control import models, responses, urls
from moto.s3control.exceptions import MultiRegionAccessPointNotFound, S3ControlError

from pytg_sandbox.patching import Method, adding, replacing
from pytg_sandbox.services import State
from pytg_sandbox.services.s3_batch import BatchJobs, Job, JobRefusedError
from pytg_sandbox.services.s3_replication import find_bucket

PATHS = (
    "/v20180820/jobs",
    "/v20180820/jobs/<job_id>",
    "/v20180820/jobs/<job_id>/status",
    "/v20180820/jobs/<job_id>/priority",
    "/v20180820/mrap/instances/<path:mrap>/routes",
)
ALL_TRAFFIC = 100


def install(state: State) -> None:
    """Add the operations to moto's S3 Control."""
    jobs = BatchJobs(state)
    state.on_reset.append(jobs.forget)
    for path in PATHS:
        urls.url_paths[path] = responses.S3ControlResponse.dispatch
    _create_and_update(jobs, state)
    _describe_and_list(jobs)
    _routes()
    _policies()
    _regions_of_access_points()


def _job(jobs: BatchJobs, response: Any) -> Job:
    job = jobs.get(response.current_account, response._get_param("JobId"))  # noqa: SLF001 - moto's way
    if job is None:
        raise S3ControlError("NoSuchJob", "There is no job of that id")
    return job


def _create_and_update(jobs: BatchJobs, state: State) -> None:
    @adding(responses.S3ControlResponse)
    def create_job(self: Any) -> ActionResult:
        with state.s3:
            try:
                job = jobs.create(self.current_account, self.region, dict(self.params))
            except JobRefusedError as error:
                raise S3ControlError("InvalidRequest", str(error)) from error
        return ActionResult({"JobId": job.identity})

    @adding(responses.S3ControlResponse)
    def update_job_status(self: Any) -> ActionResult:
        with state.s3:
            job = _job(jobs, self)
            reason = self._get_param("StatusUpdateReason") or ""
            try:
                jobs.update_status(job, self._get_param("RequestedJobStatus"), reason)
            except JobRefusedError as error:
                raise S3ControlError("JobStatusException", str(error)) from error
        return ActionResult({"JobId": job.identity, "Status": job.status})

    @adding(responses.S3ControlResponse)
    def update_job_priority(self: Any) -> ActionResult:
        job = _job(jobs, self)
        job.priority = int(self._get_param("Priority"))
        return ActionResult({"JobId": job.identity, "Priority": job.priority})


def _describe_and_list(jobs: BatchJobs) -> None:
    @adding(responses.S3ControlResponse)
    def describe_job(self: Any) -> ActionResult:
        return ActionResult({"Job": _job(jobs, self).description()})

    @adding(responses.S3ControlResponse)
    def list_jobs(self: Any) -> ActionResult:
        statuses = self._get_param("JobStatuses") or []
        found = jobs.of(self.current_account)
        wanted = [job.summary() for job in found if not statuses or job.status in statuses]
        return ActionResult({"Jobs": wanted})


def _routes() -> None:
    @adding(responses.S3ControlResponse)
    def get_multi_region_access_point_routes(self: Any) -> ActionResult:
        point = _access_point(self)
        routes = sorted(_routes_of(point).values(), key=lambda route: str(route["Bucket"]))
        return ActionResult({"Mrap": self._get_param("Mrap"), "Routes": routes})

    @adding(responses.S3ControlResponse)
    def submit_multi_region_access_point_routes(self: Any) -> ActionResult:
        point = _access_point(self)
        routes = {bucket: dict(route) for bucket, route in _routes_of(point).items()}
        for update in self._get_param("RouteUpdates") or []:
            _update_route(routes, update)
        if all(route["TrafficDialPercentage"] == 0 for route in routes.values()):
            raise S3ControlError("InvalidRequest", "At least one route must be active")
        point.__dict__["pytg_routes"] = routes
        return EmptyResult()


def _update_route(routes: dict[str, dict[str, Any]], update: dict[str, Any]) -> None:
    for route in routes.values():
        if update.get("Bucket") == route["Bucket"] or update.get("Region") == route["Region"]:
            route["TrafficDialPercentage"] = int(update["TrafficDialPercentage"])
            return
    raise S3ControlError("InvalidRequest", "The Multi-Region Access Point has no such bucket")


def _access_point(response: Any) -> models.MultiRegionAccessPoint:
    """By ARN, as the API asks for, or by name or alias."""
    given = str(response._get_param("Mrap")).rsplit("/", 1)[-1]  # noqa: SLF001 - moto's way
    points = response.backend.multi_region_access_points[response.current_account]
    for point in points.values():
        if given in (point.name, point.alias):
            found: models.MultiRegionAccessPoint = point
            return found
    raise MultiRegionAccessPointNotFound(given)


def _routes_of(point: models.MultiRegionAccessPoint) -> dict[str, dict[str, Any]]:
    default = {
        region["Bucket"]: {
            "Bucket": region["Bucket"],
            "Region": region.get("Region"),
            "TrafficDialPercentage": ALL_TRAFFIC,
        }
        for region in point.regions
    }
    routes: dict[str, dict[str, Any]] = point.__dict__.setdefault("pytg_routes", default)
    return routes


def _policies() -> None:
    @replacing(responses.S3ControlResponse, "get_multi_region_access_point_policy")
    def get_policy(_original: Method, self: Any) -> ActionResult:
        account, name = self._get_param("AccountId"), self._get_param("Name")
        policy = self.backend.get_multi_region_access_point_policy(account, name)
        both = ("Established", "Proposed")  # S3 keeps the proposal after it is established
        return ActionResult({"Policy": {which: {"Policy": policy} for which in both}})


def _regions_of_access_points() -> None:
    @replacing(models.MultiRegionAccessPoint, "__init__")
    def init(original: Method, self: Any, *args: Any, **kwargs: Any) -> None:
        original(self, *args, **kwargs)
        for region in self.regions:
            bucket = find_bucket(region["Bucket"])
            if bucket is not None:
                region["Region"] = bucket.region_name
                region["BucketAccountId"] = bucket.account_id
