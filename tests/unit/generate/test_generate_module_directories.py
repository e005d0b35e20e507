"""Which directories a module is made of."""

from __future__ import annotations

from pathlib import Path

from pytg.generate.composed import init_key
from pytg.generate.module_directories import module_directories


def module(directory: Path, *sources: str) -> Path:
    directory.mkdir(parents=True, exist_ok=True)
    calls = (f'module "m{n}" {{\n  source = "{source}"\n}}\n' for n, source in enumerate(sources))
    (directory / "main.tf").write_text("".join(calls), encoding="utf-8")
    return directory


def test_shared_modules_are_followed_once_and_as_deep_as_they_go(tmp_path: Path) -> None:
    app = module(tmp_path / "app", "../common", "./inner", "hashicorp/consul/aws", "../gone")
    module(tmp_path / "app" / "inner", "../../common")
    module(tmp_path / "common", "../deep", "../app")
    module(tmp_path / "deep")
    module(tmp_path / "other")
    names = [path.relative_to(tmp_path).as_posix() for path in module_directories(app)]
    assert names == ["app", "common", "app/inner", "deep"]


def test_a_module_that_is_not_there_has_no_directory(tmp_path: Path) -> None:
    assert module_directories(tmp_path / "none") == ()


def test_init_is_needed_again_when_a_shared_module_asks_for_more(tmp_path: Path) -> None:
    module(tmp_path / "app", "../common")
    common = module(tmp_path / "common")
    files = {
        "versions.tf": "",
        "backend.tf": "",
        "main.tf": 'module "app" {\n  source = "../app"\n}\n',
    }
    workdir = tmp_path / "root"
    workdir.mkdir()
    before = init_key(files, workdir)
    assert init_key(files, workdir) == before
    module(common, "../deep")
    assert init_key(files, workdir) != before
