"""The estate of this repository."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from pytg.config.load import load_project
from pytg.model import Estate, Reference, Template, Unit

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def estate() -> Estate:
    return load_project(ROOT).estate


def _of(estate: Estate, module: str) -> list[Unit]:
    return [unit for unit in estate.units.values() if unit.module.name == module]


def test_the_backend_module_makes_what_the_backends_name(estate: Estate) -> None:
    backends = _of(estate, "backend")
    assert backends
    for maker in backends:
        for unit in estate.units.values():
            if (unit.account, unit.address.environment) == (
                maker.account,
                maker.address.environment,
            ):
                assert unit.backend.bucket == maker.inputs["bucket"], unit.address
                assert unit.backend.lock_table == maker.inputs["lock_table"], unit.address
                assert unit.backend.region == maker.region, unit.address
                assert unit.backend.use_lockfile, unit.address


def test_no_two_environments_share_a_state_bucket(estate: Estate) -> None:
    buckets = [unit.inputs["bucket"] for unit in _of(estate, "backend")]
    assert len(set(map(str, buckets))) == len(buckets)


def test_every_unit_carries_phase_and_cutover_date(estate: Estate) -> None:
    for unit in estate.units.values():
        assert unit.tags["migration-phase"], unit.address
        assert re.fullmatch(r"\d{4}-\d{2}-\d{2}|unscheduled", unit.tags["cutover-date"])


def test_storage_follows_the_phase_of_the_tags(estate: Estate) -> None:
    for unit in _of(estate, "storage"):
        assert unit.inputs["migration_phase"] == unit.tags["migration-phase"], unit.address


def test_each_region_replicates_its_own_bucket_to_the_peer(estate: Estate) -> None:
    units = _of(estate, "replication")
    assert len(units) == 2 * len(_of(estate, "iam"))
    for unit in units:
        own, peer = unit.inputs["documents_bucket"], unit.inputs["peer_documents_bucket_arn"]
        assert isinstance(own, Reference)
        assert isinstance(peer, Reference)
        assert own.unit.region == unit.region
        assert peer.unit.region == unit.peer_region


def test_what_is_known_without_terraform_flows_as_text(estate: Estate) -> None:
    """References are for outputs: names and ids are there on the very first plan."""
    for unit in estate.units.values():
        for name in ("environment", "account_id", "region", "source_region", "target_region"):
            value = unit.inputs.get(name)
            assert not isinstance(value, (Reference, Template)), f"{unit.address} {name}"


def test_only_the_embedded_aws_goes_without_a_role(estate: Estate) -> None:
    for account in estate.accounts.values():
        assert account.sandbox != bool(account.assume_role), account.name
        if account.assume_role:
            assert account.assume_role.external_id, account.name
            assert f":{account.id}:" in account.assume_role.role_arn, account.name


def test_production_is_protected(estate: Estate) -> None:
    assert {u.account.name for u in estate.units.values() if u.protected} == {"prod"}
    assert estate.stateful >= {"aws_s3_bucket", "aws_dynamodb_table"}
