"""A committed `pylock.toml` (PEP 751): what it resolved is taken as it is.

Where a file of a package lies is left to the operator's indexes: its hash tells that it is the one.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from taxiway.environment.collector import Collector, Refused
from taxiway.environment.lock import Lock, read_packages
from taxiway.environment.policy import PackagePolicy, normalize_name
from taxiway.environment.pyproject import Pyproject
from taxiway.environment.python import Interpreter
from taxiway.environment.statement import Option, read_statement
from taxiway.environment.uvlock import refusal
from taxiway.errors import Problem
from taxiway.storage.cache import Cache

FILE = "pylock.toml"
_CHOICES = ("extras", "dependency_groups")
_LOCK_AGAIN = "Make it with `uv export --format pylock.toml` or `pip lock`, and commit it."


@dataclass(frozen=True)
class PyLock:
    """`pylock.toml` at `path`."""

    path: str
    text: str
    raw: dict[str, Any]

    @classmethod
    def parse(cls, path: str, text: str) -> PyLock:
        """`Invalid` where it is no lock of this kind."""
        try:
            raw = tomllib.loads(text)
        except tomllib.TOMLDecodeError as error:
            said = f"it is no TOML: {error}"
            raise refusal([Problem("requirement-syntax", said, path)], path) from None
        version = str(raw.get("lock-version", ""))
        packages = raw.get("packages")
        is_list = isinstance(packages, list) and all(isinstance(one, dict) for one in packages)
        if version.partition(".")[0] != "1" or not is_list:
            said = f"its lock-version is {version or 'missing'}, and 1.0 is read"
            raise refusal([Problem("requirement-syntax", said, path, _LOCK_AGAIN)], path)
        return cls(path, text, raw)

    @property
    def project(self) -> Pyproject:
        """Which Python it was made for, as a project says it."""
        wanted = self.raw.get("requires-python")
        return Pyproject(self.path, "", {"project": {"requires-python": wanted} if wanted else {}})

    def problems(self, policy: PackagePolicy) -> list[Problem]:
        """What the operator does not allow, and what cannot be installed by its hash."""
        collector, found = Collector(policy), []
        for package, line in self._lines():
            try:
                if "index" in package:
                    option = Option("--extra-index-url", str(package["index"]))
                    collector.take(option, (), (), place=self.path, constraints=False)
                statement, hashes, options = read_statement(line or _unfit(package))
                collector.take(statement, hashes, options, place=self.path, constraints=False)
            except Refused as refused:
                found.append(Problem(refused.code, refused.message, self.path, refused.hint))
        return found

    def lock(self, interpreter: Interpreter, policy: PackagePolicy, cache: Cache) -> Lock:
        """The lock that it holds. One that names `environments` holds for this platform only."""
        text = "".join(f"{line}\n" for _, line in self._lines())
        builds = {
            normalize_name(str(one.get("name")))
            for one in self.raw["packages"]
            if not one.get("wheels") and policy.may_build(str(one.get("name")))
        }
        only = interpreter.platform if self.raw.get("environments") else None
        packages = read_packages(text, interpreter.version)
        named = {package.name for package in packages}
        return Lock(interpreter.version, only, packages, tuple(sorted(builds & named)))

    def _lines(self) -> Iterator[tuple[dict[str, Any], str]]:
        """Each package as a line of requirements; nothing where it has no such form."""
        for one in self.raw["packages"]:
            marker = " ".join(str(one.get("marker", "")).split())  # one line, whatever it holds
            hashes = _hashes(one)
            chooses = any(name in marker for name in _CHOICES)
            if "version" not in one or not hashes or chooses:
                yield one, ""
                continue
            head = f"{one.get('name')}=={one['version']}" + (f" ; {marker}" if marker else "")
            yield one, " ".join((head, *(f"--hash=sha256:{each}" for each in hashes)))


def _hashes(package: dict[str, Any]) -> list[str]:
    """The sha256 of its files."""
    files = [*(package.get("wheels") or ()), package.get("sdist")]
    tables = (file.get("hashes") for file in files if isinstance(file, dict))
    found = {table.get("sha256") for table in tables if isinstance(table, dict)}
    return sorted(one for one in found if isinstance(one, str))


def _unfit(package: dict[str, Any]) -> str:
    name = str(package.get("name"))
    if any(choice in str(package.get("marker", "")) for choice in _CHOICES):
        raise Refused(
            "requirement-syntax",
            f"{name} is for some extras or groups only, and none are chosen of a {FILE}",
            "Export the lock for the groups that the tasks need.",
        )
    raise Refused(
        "requirement-local-path" if "directory" in package else "requirement-url",
        f"{name} is no released version with wheels or a source package, and their sha256",
        "Publish it on an index, or use a uv.lock with its project.",
    )
