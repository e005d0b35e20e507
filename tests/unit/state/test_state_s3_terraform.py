"""The S3 store keeps company with plain Terraform, through the embedded AWS."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from pytg.aws.identity import check_identity
from pytg.aws.session import Sessions
from pytg.errors import LockHeld
from pytg.model import Account, Backend
from pytg.state.backend_stores import BackendStores
from pytg.state.state_store import LockInfo, StateStore
from support.moto_account import unit_in
from support.sandbox_server import SandboxServer, Terraform, eventually

pytestmark = pytest.mark.slow

ACCOUNT = Account("sandbox", "123456789012", sandbox=True)
KEY = "sandbox/us-east-1/dev/storage/terraform.tfstate"
MINE = LockInfo.new("pytg apply")
ROOT = """
terraform {{
  backend "s3" {{
    bucket              = "states"
    key                 = "{key}"
    region              = "us-east-1"
    encrypt             = true
    use_lockfile        = {lockfile}
    {table}
    profile             = "sandbox"
    shared_config_files = ["{config}"]
  }}
}}
variable "wait" {{
  type    = bool
  default = false
}}
resource "terraform_data" "this" {{
  provisioner "local-exec" {{
    command = "if ${{var.wait}}; then touch started; until [ -e go ]; do sleep 0.05; done; fi"
  }}
}}
output "id" {{
  value = terraform_data.this.id
}}
"""
BOTH = pytest.mark.parametrize(
    "backend",
    [
        Backend("s3", KEY, "states", "us-east-1", "locks", use_lockfile=True),
        Backend("s3", KEY, "states", "us-east-1", "locks", use_lockfile=False),
        Backend("s3", KEY, "states", "us-east-1", None, use_lockfile=True),
    ],
    ids=["both", "table", "object"],
)


@pytest.fixture
def backend() -> Backend:
    return Backend("s3", KEY, "states", "us-east-1", "locks")


@pytest.fixture
def store(
    sandbox: SandboxServer, backend: Backend, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> StateStore:
    """The store, in a bucket and with a table that are there."""
    monkeypatch.setenv("PYTG_SANDBOX_DIR", str(sandbox.control.directory))
    sandbox.client("s3").create_bucket(Bucket="states")
    sandbox.client("dynamodb").create_table(
        TableName="locks",
        AttributeDefinitions=[{"AttributeName": "LockID", "AttributeType": "S"}],
        KeySchema=[{"AttributeName": "LockID", "KeyType": "HASH"}],
        BillingMode="PAY_PER_REQUEST",
    )
    sessions = Sessions(tmp_path)
    check_identity(sessions, [ACCOUNT])
    return BackendStores(tmp_path, sessions).of(unit_in(backend, ACCOUNT))


@pytest.fixture
def terraform(
    store: StateStore, backend: Backend, sandbox: SandboxServer, tmp_path: Path
) -> Terraform:
    """Plain Terraform in a root with that backend."""
    assert store.exists()
    root = tmp_path / "root"
    root.mkdir()
    (tmp_path / "terraform.rc").touch()
    table = f'dynamodb_table = "{backend.lock_table}"' if backend.lock_table else ""
    hcl = ROOT.format(
        key=KEY,
        lockfile=str(backend.use_lockfile).lower(),
        table=table,
        config=sandbox.control.config_file,
    )
    (root / "main.tf").write_text(hcl)
    terraform = Terraform(root, tmp_path / "terraform.rc")
    terraform.succeed("init")
    return terraform


@BOTH
def test_terraform_goes_on_with_a_state_that_the_store_wrote(
    store: StateStore, terraform: Terraform
) -> None:
    terraform.succeed("apply", "-auto-approve")
    stored = store.read(KEY)
    assert stored
    state = json.loads(stored.body)
    state["serial"] += 1
    state["outputs"]["note"] = {"value": "written by the store", "type": "string"}
    assert store.write(KEY, json.dumps(state).encode()) != stored.version
    assert json.loads(terraform.succeed("output", "-json"))["note"]["value"] == (
        "written by the store"
    )
    assert "note" in terraform.succeed("apply", "-auto-approve")
    after = store.read(KEY)
    assert after
    assert json.loads(after.body)["serial"] == state["serial"] + 1
    assert not store.digest_repair(KEY)


@BOTH
def test_terraform_is_kept_out_and_told_by_whom(store: StateStore, terraform: Terraform) -> None:
    store.lock(KEY, MINE)
    refused = terraform("plan", "-lock-timeout=0s")
    assert refused.returncode == 1
    for said in ("Error acquiring the state lock", MINE.who, MINE.id, "pytg apply"):
        assert said in refused.stdout
    assert store.holder(KEY) == MINE.at(f"states/{KEY}")
    store.unlock(KEY, MINE.id)
    terraform.succeed("plan", "-lock-timeout=0s")


@BOTH
def test_terraform_at_work_keeps_pytg_out(
    store: StateStore, terraform: Terraform, sandbox: SandboxServer
) -> None:
    with ThreadPoolExecutor() as pool:
        done = pool.submit(terraform, "apply", "-auto-approve", "-var=wait=true")
        try:
            eventually((terraform.directory / "started").exists)
            holder = store.holder(KEY)
            assert holder
            assert holder.operation == "OperationTypeApply"
            with pytest.raises(LockHeld, match=f"OperationTypeApply, lock id {holder.id}"):
                store.lock(KEY, MINE)
        finally:
            (terraform.directory / "go").touch()
    assert done.result().returncode == 0, done.result().stdout
    assert store.holder(KEY) is None
    keys = [o["Key"] for o in sandbox.client("s3").list_objects_v2(Bucket="states")["Contents"]]
    assert keys == [KEY]
    store.lock(KEY, MINE)


def test_unlock_frees_what_a_killed_terraform_held(store: StateStore, terraform: Terraform) -> None:
    terraform.succeed("apply", "-auto-approve")
    left = LockInfo("dead", "OperationTypeApply", "terraform@gone", "2026-01-01T00:00:00Z")
    store.lock(KEY, left)
    store.unlock(KEY, "dead")
    assert "No changes" in terraform.succeed("plan", "-lock-timeout=0s")


def test_a_digest_of_another_state_is_refused_by_terraform_until_repaired(
    store: StateStore, terraform: Terraform, sandbox: SandboxServer
) -> None:
    terraform.succeed("apply", "-auto-approve")
    stored = store.read(KEY)
    assert stored
    sandbox.client("s3").put_object(Bucket="states", Key=KEY, Body=stored.body + b"\n")
    refused = terraform("plan")
    assert refused.returncode == 1
    assert "checksum" in refused.stdout.lower()
    assert store.digest_repair(KEY)
    assert "No changes" in terraform.succeed("plan")
