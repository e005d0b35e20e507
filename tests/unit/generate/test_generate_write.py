"""Generated files on disk."""

from __future__ import annotations

from pathlib import Path

from pytg.generate.write import HEADER, stale_files, write_files

TEXT = f"{HEADER} from config.yaml: do not edit.\n"


def test_a_file_that_is_right_is_not_touched(tmp_path: Path) -> None:
    directory = tmp_path / "new" / "root"
    assert write_files(directory, {"main.tf": TEXT, "outputs.tf": TEXT})
    before = {path: path.stat().st_ino for path in directory.iterdir()}
    assert not write_files(directory, {"main.tf": TEXT, "outputs.tf": TEXT})
    assert {path: path.stat().st_ino for path in directory.iterdir()} == before


def test_what_pytg_made_before_is_removed_and_nothing_else(tmp_path: Path) -> None:
    for name in ("old.tf", "notes.txt"):
        (tmp_path / name).write_text(TEXT)
    (tmp_path / "mine.tf").write_text("# mine\n")
    assert stale_files(tmp_path, {"main.tf": TEXT}) == [tmp_path / "main.tf", tmp_path / "old.tf"]
    assert write_files(tmp_path, {"main.tf": TEXT})
    names = sorted(path.name for path in tmp_path.iterdir())
    assert names == ["main.tf", "mine.tf", "notes.txt"]


def test_a_changed_file_is_replaced_as_a_whole(tmp_path: Path) -> None:
    (tmp_path / "main.tf").write_text("something else")
    kept = (tmp_path / "main.tf").open()
    assert write_files(tmp_path, {"main.tf": TEXT})
    assert (tmp_path / "main.tf").read_text() == TEXT
    assert kept.read() == "something else"
    kept.close()


def test_a_file_that_is_not_text_is_replaced(tmp_path: Path) -> None:
    (tmp_path / "main.tf").write_bytes(b"\xff\xfe")
    assert write_files(tmp_path, {"main.tf": TEXT})
    assert (tmp_path / "main.tf").read_text() == TEXT
