"""What a `pyproject.toml` declares: dependencies and named groups, read as data."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Any

from taxiway.environment.collector import Collector, Refused
from taxiway.environment.policy import normalize_name
from taxiway.environment.statement import Direct, Named, Option, Statement, read_requirement
from taxiway.errors import Problem

FILE = "pyproject.toml"
GROUPS_FIELD = "/dependency_groups"
_LIST_THEM = "List the packages under `dependencies` of [project]."
_MOST_NESTED = 20
_SPECIFIER = re.compile(r"[(\s]*(?:===|==|~=|!=|<=|>=|<|>)[^;]*")


@dataclass(frozen=True)
class Pyproject:
    """A `pyproject.toml` as it stands at `path`; `groups` are those that the workflow names."""

    path: str
    text: str
    raw: dict[str, Any]
    groups: tuple[str, ...] = ()

    @classmethod
    def parse(cls, path: str, text: str, groups: Sequence[str] = ()) -> Pyproject:
        """Raises `tomllib.TOMLDecodeError`."""
        return cls(path, text, tomllib.loads(text), tuple(groups))

    @property
    def declares_packages(self) -> bool:
        """Whether it is more than the settings of tools."""
        return isinstance(self.raw.get("project"), dict) or bool(self._groups)

    @property
    def name(self) -> str:
        return normalize_name(str(self._project.get("name", "")))

    @property
    def requires_python(self) -> str | None:
        found = self._project.get("requires-python")
        return found if isinstance(found, str) else None

    @property
    def known_groups(self) -> list[str]:
        return sorted({*self._groups, *self._extras})

    @property
    def _project(self) -> dict[str, Any]:
        found = self.raw.get("project")
        return found if isinstance(found, dict) else {}

    @property
    def _groups(self) -> dict[str, Any]:
        return _by_name(self.raw.get("dependency-groups"))

    @property
    def _extras(self) -> dict[str, Any]:
        return _by_name(self._project.get("optional-dependencies"))

    @property
    def _uv(self) -> dict[str, Any]:
        tool = self.raw.get("tool")
        found = tool.get("uv") if isinstance(tool, dict) else None
        return found if isinstance(found, dict) else {}

    def has_member(self, folder: str) -> bool:
        """Whether the folder, relative to this file, is in its workspace of uv."""
        workspace = self._uv.get("workspace")
        if not isinstance(workspace, dict):
            return False
        inside, outside = (
            any(_names(str(pattern), folder) for pattern in workspace.get(key) or ())
            for key in ("members", "exclude")
        )
        return inside and not outside

    def options(self) -> list[str]:
        """What tells `uv export` the groups that were chosen."""
        chosen = []
        for name in map(normalize_name, self.groups):
            chosen += ["--group" if name in self._groups else "--extra", name]
        return chosen

    def unknown_groups(self) -> Iterator[Problem]:
        known = self._groups.keys() | self._extras.keys()
        for name in self.groups:
            if normalize_name(name) not in known:
                yield Problem(
                    "dependency-group-unknown",
                    f"{self.path} has no group {name}",
                    GROUPS_FIELD,
                    f"It has {', '.join(self.known_groups) or 'none'}.",
                )

    def collect(self, into: Collector) -> list[Problem]:
        """Give `into` all that is declared; what is refused comes back, each with its line."""
        problems = list(self.unknown_groups())
        if "dependencies" in self._project.get("dynamic", ()):
            problems.append(
                Problem(
                    "requirement-dynamic",
                    "its dependencies are dynamic: only its build knows them",
                    self._place("dynamic"),
                    _LIST_THEM,
                )
            )
        for text, statement, constraint in [*self._settings(), *self._wanted()]:
            place = self._place(text)
            try:
                into.take(self._sourced(statement), (), (), place=place, constraints=constraint)
            except Refused as refused:
                problems.append(Problem(refused.code, refused.message, place, refused.hint))
        return problems

    def declared(self) -> dict[str, set[str]]:
        """The specifiers of all that is declared, chosen or not, by name."""
        lists = [self._project.get("dependencies"), *self._extras.values(), *self._groups.values()]
        texts = [text for one in lists if isinstance(one, list) for text in one]
        found: dict[str, set[str]] = {}
        for text in texts:
            statement = read_requirement(text) if isinstance(text, str) else None
            if isinstance(statement, Named | Direct) and statement.name != self.name:
                wanted = _SPECIFIER.search(text) if isinstance(statement, Named) else None
                found.setdefault(statement.name, set()).add(plain(wanted.group() if wanted else ""))
        return found

    def _wanted(self) -> Iterator[tuple[str, Statement, bool]]:
        """Text, what it asks for, and whether it only constrains."""
        lists = [self._project.get("dependencies")]
        for name in map(normalize_name, self.groups):
            lists.append((self._groups if name in self._groups else self._extras).get(name))
        for listed in lists:
            for text in self._expanded(listed):
                yield text, read_requirement(text), False
        for one in self._uv.get("constraint-dependencies", ()):
            yield str(one), read_requirement(str(one)), True

    def _expanded(self, listed: Any, depth: int = 0) -> Iterator[str]:
        """With the groups that a group includes, and the extras of the project itself."""
        if depth > _MOST_NESTED:
            return
        for entry in listed if isinstance(listed, list) else ():
            if isinstance(entry, dict) and "include-group" in entry:
                inner = self._groups.get(normalize_name(str(entry["include-group"])))
                yield from self._expanded(inner, depth + 1)
            elif isinstance(entry, str) and (extras := self._own_extras(entry)) is not None:
                for extra in extras:
                    yield from self._expanded(self._extras.get(extra), depth + 1)
            else:
                yield str(entry)

    def _own_extras(self, text: str) -> list[str] | None:
        match = re.fullmatch(r"\s*([A-Za-z0-9._-]+)\s*\[([^\]]*)\]\s*", text)
        if match is None or not self.name or normalize_name(match[1]) != self.name:
            return None
        return [normalize_name(extra) for extra in match[2].split(",")]

    def _settings(self) -> Iterator[tuple[str, Statement, bool]]:
        """Indexes that the file names: taken where the operator's settings have them too."""
        for index in self._uv.get("index", ()):
            flag = "--index-url" if index.get("default") else "--extra-index-url"
            url = str(index.get("url", ""))
            yield url, Option(flag, url), False
        if self._uv.get("override-dependencies"):
            name = "override-dependencies"
            yield name, Option(f"{name} of [tool.uv]", ""), False

    def _sourced(self, statement: Statement) -> Statement:
        """With what `[tool.uv.sources]` says of it: another package may have its name elsewhere."""
        sources = _by_name(self._uv.get("sources"))
        if not isinstance(statement, Named) or statement.name not in sources:
            return statement
        source = sources[statement.name]
        if not isinstance(source, dict) or "marker" in source:
            raise Refused(
                "requirement-source",
                f"{statement.name} has several sources in [tool.uv.sources]",
                "Name one source, or commit a uv.lock.",
            )
        if "index" in source:
            return statement
        if "git" in source:
            moment = source.get("rev") or source.get("tag") or source.get("branch")
            url = f"git+{source['git']}" + (f"@{moment}" if moment else "")
        elif "url" in source:
            url = str(source["url"])
        else:
            raise Refused(
                "requirement-local-path",
                f"{statement.name} comes from a folder, not from an index",
                "Modules of the repository are importable already: list the packages that it "
                "needs instead of it.",
            )
        return read_requirement(f"{statement.name} @ {url}")

    def _place(self, text: str) -> str:
        """`pyproject.toml:7`, where the text stands in quotes or as a key."""
        for number, line in enumerate(self.text.splitlines(), start=1):
            if f'"{text}"' in line or f"'{text}'" in line or line.startswith(text):
                return f"{self.path}:{number}"
        return self.path


def _names(pattern: str, folder: str) -> bool:
    """Whether a pattern of a workspace names the folder: `*` is one name, `**` are any."""
    wanted, parts = pattern.strip("/").removeprefix("./").split("/"), folder.split("/")
    if "**" in wanted:
        return fnmatchcase(folder, "/".join(wanted).replace("**", "*"))
    return len(wanted) == len(parts) and all(map(fnmatchcase, parts, wanted))


def plain(specifier: str) -> str:
    """`>=1,<2`, however it was written."""
    clauses = re.sub(r"[\s()]", "", specifier).lower().split(",")
    return ",".join(sorted(filter(None, clauses)))


def _by_name(table: Any) -> dict[str, Any]:
    if not isinstance(table, dict):
        return {}
    return {normalize_name(str(name)): value for name, value in table.items()}
