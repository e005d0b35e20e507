from __future__ import annotations

import json
import os
from pathlib import Path
from unittest import mock

import pytest
from click.testing import CliRunner, Result

from pytg.cli.main import group
from pytg.errors import UsageError


def call(root: Path, *args: str) -> Result:
    return CliRunner().invoke(group, ["-C", str(root), "graph", *args])


def test_text_of_the_whole_estate_is_the_default(estate_root: Path) -> None:
    result = call(estate_root)
    assert result.exit_code == 0
    assert result.stdout.startswith("demo: 18 units, 20 edges, 3 waves\n")


def test_only_the_selected_units_are_drawn_in_the_order_of_the_whole_graph(
    estate_root: Path,
) -> None:
    result = call(estate_root, "--env", "dev", "--exclude", "module:bucket", "--format", "json")
    document = json.loads(result.stdout)
    assert len(document["nodes"]) == 7
    kinds = {(e["source"], e["target"]): e["kind"] for e in document["links"]}
    assert kinds["docs/us-east-1/dev/kms", "docs/eu-west-1/dev/replication"] == "bridge"


def test_level_module(estate_root: Path) -> None:
    assert call(estate_root, "--level", "module").stdout.startswith("demo: 5 modules")


def test_what_output_names_stays_what_it_is(estate_root: Path) -> None:
    """A link goes on pointing to the file, and a pipe is written into."""
    link, pipe = estate_root / "link", estate_root / "pipe"
    link.symlink_to(estate_root / "picture")
    assert call(estate_root, "--output", str(link)).exit_code == 0
    assert link.is_symlink()
    assert (estate_root / "picture").read_text() == call(estate_root).stdout
    os.mkfifo(pipe)
    reader = os.open(pipe, os.O_RDONLY | os.O_NONBLOCK)
    assert call(estate_root, "--output", str(pipe)).exit_code == 0
    assert pipe.is_fifo()
    assert os.read(reader, 10)
    os.close(reader)


@pytest.mark.parametrize("form", ["text", "dot", "mermaid", "json", "svg", "html"])
def test_output_writes_what_standard_output_would_get(estate_root: Path, form: str) -> None:
    target = estate_root / "picture"
    target.write_text("old", encoding="utf-8")
    result = call(estate_root, "--format", form, "--output", str(target))
    assert result.stdout == ""
    assert target.read_text(encoding="utf-8") == call(estate_root, "--format", form).stdout


def test_a_missing_directory_is_wrong_usage(estate_root: Path) -> None:
    result = call(estate_root, "--output", str(estate_root / "no" / "picture"))
    assert isinstance(result.exception, UsageError)
    assert "existing directory" in result.exception.hint


def test_a_failed_write_leaves_the_old_file_and_nothing_else(estate_root: Path) -> None:
    folder = estate_root / "pictures"
    folder.mkdir()
    (folder / "graph").write_text("old", encoding="utf-8")
    full = OSError(28, "No space left on device")
    with mock.patch.object(Path, "replace", side_effect=full):
        result = call(estate_root, "--output", str(folder / "graph"))
    assert isinstance(result.exception, UsageError)
    assert [path.name for path in folder.iterdir()] == ["graph"]
    assert (folder / "graph").read_text(encoding="utf-8") == "old"
