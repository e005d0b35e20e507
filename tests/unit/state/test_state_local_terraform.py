"""Plain Terraform and pytg keep each other out of a state in a file."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from pytg.errors import LockHeld
from pytg.state.local_store import LocalStore
from pytg.state.state_store import LockInfo
from support.process import eventually

KEY = "docs/eu-west-1/dev/storage/terraform.tfstate"
OLD = b'{"version": 4, "serial": 1}'
MINE = LockInfo.new("pytg apply")


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / KEY


ROOT = """
terraform {{
  backend "local" {{
    path = "{path}"
  }}
}}
resource "terraform_data" "this" {{
  provisioner "local-exec" {{
    command = "touch started; until [ -e go ]; do sleep 0.05; done"
  }}
}}
"""


@pytest.fixture
def terraform(tmp_path: Path, file: Path) -> Callable[..., subprocess.Popen[str]]:
    """Start plain Terraform in a root whose state is at KEY."""
    root = tmp_path / "root"
    root.mkdir()
    (root / "main.tf").write_text(ROOT.format(path=file))
    hidden = ("TF_", "AWS_")
    environment = {k: v for k, v in os.environ.items() if not k.startswith(hidden)}
    environment |= {"CHECKPOINT_DISABLE": "1", "TF_IN_AUTOMATION": "1"}

    def start(*arguments: str) -> subprocess.Popen[str]:
        return subprocess.Popen(
            ["terraform", *arguments, "-no-color"],
            cwd=root,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )

    out, _ = start("init").communicate()
    assert "successfully initialized" in out
    return start


def test_plain_terraform_is_kept_out_and_told_by_whom(
    store: LocalStore, terraform: Callable[..., subprocess.Popen[str]], tmp_path: Path
) -> None:
    (tmp_path / "root" / "go").touch()
    store.lock(KEY, MINE)
    process = terraform("apply", "-auto-approve", "-lock-timeout=0s")
    out, _ = process.communicate()
    assert process.returncode == 1
    assert "Error acquiring the state lock" in out
    assert MINE.who in out
    assert MINE.id in out
    store.unlock(KEY, MINE.id)
    process = terraform("apply", "-auto-approve", "-lock-timeout=0s")
    assert "Apply complete! Resources: 1 added" in process.communicate()[0]


def test_terraform_at_work_keeps_pytg_out(
    store: LocalStore, terraform: Callable[..., subprocess.Popen[str]], tmp_path: Path
) -> None:
    process = terraform("apply", "-auto-approve")
    started = tmp_path / "root" / "started"
    eventually(lambda: started.exists() or process.poll() is not None)
    assert process.poll() is None
    try:
        holder = store.holder(KEY)
        assert holder
        with pytest.raises(LockHeld, match=f"OperationTypeApply, lock id {holder.id}"):
            store.lock(KEY, MINE)
        with pytest.raises(LockHeld):
            store.write(KEY, OLD)
    finally:
        (tmp_path / "root" / "go").touch()
        process.communicate()
    assert process.returncode == 0
    store.lock(KEY, MINE)


@pytest.mark.skipif(not Path("/proc/self/fd").exists(), reason="sees what Terraform has open")
def test_terraform_that_waits_goes_on_with_what_pytg_wrote(
    store: LocalStore, terraform: Callable[..., subprocess.Popen[str]], tmp_path: Path, file: Path
) -> None:
    """A state file that was replaced, or removed, would be lost to a Terraform that waits."""
    (tmp_path / "root" / "go").touch()
    terraform("apply", "-auto-approve").communicate()
    written = store.read(KEY)
    assert written
    store.lock(KEY, MINE)
    store.delete(KEY)
    process = terraform("plan", "-detailed-exitcode", "-lock-timeout=60s")
    eventually(lambda: _opened(process.pid, file) or process.poll() is not None)
    assert process.poll() is None
    store.write(KEY, written.body)
    store.unlock(KEY, MINE.id)
    assert "No changes" in process.communicate()[0]
    assert process.returncode == 0


def _opened(pid: int, file: Path) -> bool:
    """Whether the process has `file` open."""
    try:
        descriptors = list(Path(f"/proc/{pid}/fd").iterdir())
        return any(d.exists() and d.samefile(file) for d in descriptors)
    except OSError:
        return False
