"""The files of an estate, found, read and checked one by one."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from pytg.config.check import KeyPath, check_level
from pytg.config.node import Node, ReportProblem
from pytg.config.schema_types import check_name
from pytg.config.yaml_source import read_yaml
from pytg.errors import Position, Problem
from pytg.suggest import did_you_mean

PROJECT = Path("config.yaml")
LIVE = Path("live")
_HARMLESS = {"tags", "backend", "terraform", "stateful", "protected", "account_id", "sandbox"}
_HARMLESS |= {"endpoint", "profile", "assume_role"}


@dataclass
class EstateFiles:
    """Documents by place, without what the schema forbids.

    `sound` is false when references cannot be checked without inventing problems;
    `doubtful` modules and `doubtful_keys` (such as `backend`) had problems of their own.
    """

    project: Node
    accounts: dict[str, Node] = field(default_factory=dict)
    regions: dict[tuple[str, str], Node] = field(default_factory=dict)
    environments: dict[tuple[str, str, str], Node] = field(default_factory=dict)
    sound: bool = True
    doubtful: set[str] = field(default_factory=set)
    doubtful_keys: set[str] = field(default_factory=set)


def read_files(root: Path, report: ReportProblem) -> EstateFiles:
    """Read config.yaml and live/. Reports broken, misplaced and misnamed files."""
    files = EstateFiles(Node({}, Position(PROJECT)))
    reader = _Reader(root, files, report)
    if (root / PROJECT).is_file():
        files.project = reader.read("project", PROJECT)
    else:
        reader.refuse("there is no config.yaml", Position(PROJECT))
    reader.only(LIVE, "")
    for account in reader.directories(LIVE):
        reader.account(account)
    return files


class _Reader:
    """Walks live/, and notes what its problems make doubtful."""

    def __init__(self, root: Path, files: EstateFiles, report: ReportProblem) -> None:
        self.root = root
        self.files = files
        self.report = report

    def refuse(self, message: str, position: Position, hint: str = "") -> None:
        self.report(Problem(message, position, hint))
        self.files.sound = False

    def directories(self, below: Path) -> Iterator[Path]:
        """The directories in `below`; those whose names are no names are refused."""
        for path in self._listed(below):
            if not (self.root / path).is_dir():
                continue
            try:
                check_name(path.name)
            except ValueError as error:
                self.refuse(str(error), Position(path))
            else:
                yield path

    def only(self, below: Path, own: str, hint: str = "") -> None:
        """Refuse the YAML files in `below` that are not `own`: misnamed or misplaced."""
        hint = hint or (f"here it reads {own}" if own else "here it reads directories only")
        for path in self._listed(below):
            if path.suffix in (".yaml", ".yml") and path.name != own:
                self.refuse("pytg does not read this file", Position(path), hint)

    def nothing_below(self, environment: Path) -> None:
        """Refuse every YAML file in the directories of an environment's directory."""
        for path in self._listed(environment):
            inside = self.root / path
            if inside.is_dir() and not inside.is_symlink():
                self.only(path, "", "no level lies below an environment: env.yaml stands above")
                self.nothing_below(path)

    def _listed(self, below: Path) -> list[Path]:
        if not (self.root / below).is_dir():
            return []
        names = sorted(entry.name for entry in (self.root / below).iterdir())
        return [below / name for name in names if not name.startswith(".")]

    def read(self, level: str, file: Path) -> Node:
        """The document in `file`, pruned; an empty map where there is none."""
        if not self.there(file):
            return Node({}, Position(file))
        document = read_yaml(self.root, file, self._unsound)
        if document is None:
            return Node({}, Position(file))
        document, bad = check_level(level, document, self.report)
        for path in bad:
            self._doubt(path)
        return document

    def there(self, file: Path) -> bool:
        """Whether `file` can be read; what has its name and is no file is refused."""
        path = self.root / file
        if path.is_file():
            return True
        if path.is_symlink() or path.exists():
            why = "is no file" if path.exists() else "is a link to something that is not there"
            self.refuse(f"{file.name} {why}", Position(file), "mend it, or take it away")
        return False

    def _unsound(self, problem: Problem) -> None:
        self.refuse(problem.message, problem.position or Position(PROJECT), problem.hint)

    def _doubt(self, path: KeyPath) -> None:
        if len(path) > 1 and path[0] == "modules":
            self.files.doubtful.add(str(path[1]))
        elif path and path[0] in _HARMLESS:
            self.files.doubtful_keys.add(str(path[0]))
        else:
            self.files.sound = False

    def account(self, path: Path) -> None:
        own = "account.yaml"
        self.only(path, own)
        if not self.there(path / own):
            self.refuse("this account has no account.yaml", Position(path / own))
        self.files.accounts[path.name] = self.read("account", path / own)
        for region in self.directories(path):
            self.region(path.name, region)

    def region(self, account: str, path: Path) -> None:
        known = self.files.project.find("regions")
        if known and path.name not in known.entries:
            hint = did_you_mean(path.name, known.entries)
            self.refuse(f"`{path.name}` is not a region in config.yaml", Position(path), hint)
        self.only(path, "region.yaml")
        self.files.regions[account, path.name] = self.read("region", path / "region.yaml")
        for environment in self.directories(path):
            file = environment / "env.yaml"
            self.only(environment, file.name)
            self.nothing_below(environment)
            if self.there(file):
                key = (account, path.name, environment.name)
                self.files.environments[key] = self.read("environment", file)
