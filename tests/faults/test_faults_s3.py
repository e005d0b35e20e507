"""States on the embedded AWS, whose calls fail or hang while runs work, and are killed."""

from __future__ import annotations

import json
import os
import random
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from faults.estate import drawn
from faults.rounds import play_remote
from faults.world import World
from support.sandbox_server import ACCOUNT, SandboxServer

pytestmark = pytest.mark.slow

SEED = int(os.environ.get("FAULTS_SEED", "0"))
ROUNDS = int(os.environ.get("FAULTS_ROUNDS", "0")) // 20 or 1
BUCKET, TABLE = "faults-states", "faults-locks"
BACKEND = f"backend: {{type: s3, bucket: {BUCKET}, lock_table: {TABLE}}}\n"


def test_nothing_is_lost_where_the_backend_fails(sandbox: SandboxServer, tmp_path: Path) -> None:
    s3 = sandbox.client("s3")
    s3.create_bucket(Bucket=BUCKET)
    sandbox.client("dynamodb").create_table(
        TableName=TABLE,
        AttributeDefinitions=[{"AttributeName": "LockID", "AttributeType": "S"}],
        KeySchema=[{"AttributeName": "LockID", "KeyType": "HASH"}],
        BillingMode="PAY_PER_REQUEST",
    )

    def states() -> Mapping[str, Any]:
        found = {}
        for item in s3.list_objects_v2(Bucket=BUCKET).get("Contents", ()):
            if item["Key"].endswith("/terraform.tfstate"):
                body = s3.get_object(Bucket=BUCKET, Key=item["Key"])["Body"].read()
                found[item["Key"].split("/")[3]] = json.loads(body)
        return found

    environ = {"PYTG_SANDBOX_DIR": str(sandbox.control.directory)}
    account = f'account_id: "{ACCOUNT}"\nsandbox: true\n'
    for number in range(ROUNDS):
        rng = random.Random(f"{SEED} remote {number}")  # noqa: S311 - the same at each run
        estate = replace(drawn(rng), backend=BACKEND, account=account)
        play_remote(SEED, number, World(tmp_path / str(number), estate, rng, environ, states))
