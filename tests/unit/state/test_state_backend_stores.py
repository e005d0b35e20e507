"""The store of a unit's state."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from pytg.aws.session import Sessions
from pytg.project import Project
from pytg.state.backend_stores import BackendStores
from pytg.state.bootstrap_store import BootstrapStore
from support.estate_builder import build_estate, two_region_files

KMS = "docs/us-east-1/dev/kms"


def test_the_store_of_a_backends_own_unit_may_wait_for_it(tmp_path: Path) -> None:
    files = two_region_files()
    files["config.yaml"] += "backend: {type: s3, bucket: states}\n"
    root = build_estate(tmp_path, files)
    store_of = BackendStores(root, Sessions(root)).of
    unit = Project(root).unit(KMS)
    maker = replace(unit, bootstrap=True)
    assert isinstance(store_of(maker), BootstrapStore)
    assert store_of(maker) is store_of(maker)  # it knows whether its backend is still in use
    assert not isinstance(store_of(unit), BootstrapStore)
