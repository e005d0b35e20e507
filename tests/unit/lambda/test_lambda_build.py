"""The zips: the same bytes for the same source, and each handler runs from its own."""

from __future__ import annotations

import hashlib
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest
from lambda_world import HANDLERS

import build_lambda

pytestmark = pytest.mark.slow

ROOT = Path(build_lambda.ROOT)


@pytest.fixture(scope="module")
def zips(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("zips")
    build_lambda.build(out)
    return out


def hashes(directory: Path) -> dict[str, str]:
    return {
        path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in directory.glob("*.zip")
    }


def test_every_function_has_a_zip(zips: Path) -> None:
    assert sorted(hashes(zips)) == sorted(f"{name.replace('_', '-')}.zip" for name in HANDLERS)


def test_the_same_source_elsewhere_makes_the_same_bytes(zips: Path, tmp_path: Path) -> None:
    copy = tmp_path / "somewhere" / "lambda"
    shutil.copytree(ROOT / "lambda", copy)
    for path in copy.rglob("*.py"):
        path.touch()
        path.chmod(0o755)
    build_lambda.build(tmp_path / "out", copy, build_lambda.CACHE)
    assert hashes(tmp_path / "out") == hashes(zips)


def test_the_working_directory_does_not_matter(zips: Path, tmp_path: Path) -> None:
    script = ROOT / "scripts" / "build_lambda.py"
    subprocess.run([sys.executable, script, "--out", "here"], cwd=tmp_path, check=True)
    assert hashes(tmp_path / "here") == hashes(zips)


def test_a_change_reaches_only_the_functions_that_import_it(zips: Path, tmp_path: Path) -> None:
    copy = tmp_path / "lambda"
    shutil.copytree(ROOT / "lambda", copy)
    changed = copy / "docmig" / "document.py"
    changed.write_text(changed.read_text() + "\n")
    build_lambda.build(tmp_path / "out", copy, build_lambda.CACHE)
    before, after = hashes(zips), hashes(tmp_path / "out")
    assert before["ingest.zip"] != after["ingest.zip"]
    assert before["heartbeat.zip"] == after["heartbeat.zip"]


def test_entries_are_sorted_readable_and_free_of_leftovers(zips: Path) -> None:
    for path in zips.glob("*.zip"):
        with zipfile.ZipFile(path) as archive:
            entries = archive.infolist()
        names = [entry.filename for entry in entries]
        assert names == sorted(names)
        assert not [n for n in names if n.endswith((".pyc", "/RECORD")) or "__pycache__" in n]
        assert not [n for n in names if n.startswith(("boto3/", "botocore/"))]
        assert not [n for n in names if n.endswith((".so", ".dylib"))]
        assert {entry.date_time for entry in entries} == {(1980, 1, 1, 0, 0, 0)}
        assert {entry.external_attr >> 16 for entry in entries} == {0o100644}


RUN = """
import importlib, sys
own = ("aws_lambda_powertools", "docmig", "handlers", "jmespath")
for name, archive in zip(sys.argv[1::2], sys.argv[2::2]):
    for loaded in [n for n in sys.modules if n.partition(".")[0] in own]:
        del sys.modules[loaded]
    sys.path.insert(0, archive)
    handler = importlib.import_module("handlers." + name)
    for module in (handler, sys.modules["docmig"], sys.modules["aws_lambda_powertools"]):
        assert module.__file__.startswith(archive), module.__file__
    try:
        handler.handler({"Records": []}, None)
    except sys.modules["docmig.settings"].SettingsError as error:
        print(name, error)
    sys.path.remove(archive)
"""


def test_every_handler_runs_from_its_zip(zips: Path) -> None:
    """Without settings it gets as far as to say which are missing."""
    arguments = [
        text for name in HANDLERS for text in (name, str(zips / f"{name.replace('_', '-')}.zip"))
    ]
    done = subprocess.run(
        [sys.executable, "-c", RUN, *arguments],
        env={"PATH": "", "AWS_REGION": "us-east-1"},
        cwd="/",
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    told = [line.split(" ", 1) for line in done.stdout.splitlines()]
    assert [name for name, _ in told] == list(HANDLERS)
    assert all("ENVIRONMENT is not set" in text for _, text in told)


def test_a_cache_needs_no_network(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def no_network(*_: object) -> None:
        raise AssertionError("the dependencies were fetched")

    monkeypatch.setattr(build_lambda, "_install", no_network)
    assert build_lambda.build(tmp_path)


def test_what_cannot_be_fetched_is_told(tmp_path: Path) -> None:
    source = tmp_path / "lambda"
    source.mkdir()
    wrong = "jmespath==1.1.0 --hash=sha256:" + "0" * 64
    (source / "requirements.txt").write_text(f"{wrong}\n")
    with pytest.raises(build_lambda.BuildError, match="could not fetch"):
        build_lambda.dependencies(source, tmp_path / "cache")
    assert list((tmp_path / "cache").iterdir()) == []
