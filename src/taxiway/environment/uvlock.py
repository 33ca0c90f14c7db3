"""A committed `uv.lock`: what it resolved is taken as it is, and nothing is asked of an index."""

from __future__ import annotations

import tempfile
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from taxiway.environment import pyproject, tool
from taxiway.environment.collector import Collector, Refused
from taxiway.environment.lines import logical_lines
from taxiway.environment.lock import Lock, read_packages
from taxiway.environment.policy import PackagePolicy, normalize_name
from taxiway.environment.pyproject import Pyproject, plain
from taxiway.environment.python import Interpreter
from taxiway.environment.statement import Direct, Named, Option, read_statement
from taxiway.errors import Invalid, Problem
from taxiway.storage.cache import Cache

FILE = "uv.lock"
_EXPORT_SECONDS = 60.0
_PLAIN = {"name", "specifier", "extras", "marker", "index"}
_ANY = "*"  # of a package with a source of its own, the lock keeps no specifier
_OURS = {"virtual", "editable", "directory"}


@dataclass(frozen=True)
class UvLock:
    """`uv.lock` at `path`: beside a project, or beside the `root` of the workspace that has the
    project as its `member`, a folder below it."""

    path: str
    text: str
    project: Pyproject
    root: Pyproject | None = None
    member: str = "."

    def problems(self, policy: PackagePolicy) -> list[Problem]:
        """What can be told without uv: that it is older than the project, or names an index that
        the operator does not have."""
        found = list(self.project.unknown_groups())
        try:
            raw = tomllib.loads(self.text)
            packages = [one for one in raw.get("package", ()) if isinstance(one, dict)]
        except tomllib.TOMLDecodeError as error:
            return [Problem("lock-outdated", f"it is no TOML: {error}", self.path, _LOCK_AGAIN)]
        found += self._outdated(packages)
        found += self._indexes(packages, policy)
        return found

    def notes(self) -> list[str]:
        """What a user may expect of it that does not come true."""
        packages = tomllib.loads(self.text).get("package", ())
        needed = {normalize_name(str(one)) for one in self.project.declared()}
        names = {normalize_name(str(one.get("name"))) for one in packages if self._is_other(one)}
        if not needed & names:
            return []
        others = ", ".join(sorted(needed & names))
        return [
            f"{others} of the workspace {'are' if ', ' in others else 'is'} not installed: modules"
            " of the repository are importable from the script's folder, src/ and the root."
        ]

    def _is_other(self, package: dict[str, Any]) -> bool:
        source = package.get("source", {})
        return any(kind in source and source[kind] != self.member for kind in _OURS)

    def _outdated(self, packages: list[dict[str, Any]]) -> Iterator[Problem]:
        root = next((one for one in packages if self._is_root(one)), None)
        if root is None:
            said = f"it does not hold {self.project.name or 'the project'}"
            yield Problem("lock-outdated", said, self.path, _LOCK_AGAIN)
            return
        metadata = root.get("metadata", {})
        lists = [metadata.get("requires-dist", ()), *metadata.get("requires-dev", {}).values()]
        locked: dict[str, set[str]] = {}
        for one in (one for listed in lists for one in listed):
            name = normalize_name(str(one.get("name")))
            is_plain = one.keys() <= _PLAIN
            specifier = plain(str(one.get("specifier", ""))) if is_plain else _ANY
            locked.setdefault(name, set()).add(specifier)
        locked.pop(self.project.name, None)
        declared = self.project.declared()
        odd = {
            name
            for name in locked.keys() | declared.keys()
            if locked.get(name) != declared.get(name) and _ANY not in locked.get(name, ())
        }
        if odd:
            said = "it was made for other dependencies than"
            said = f"{said} {self.project.path} has: {', '.join(sorted(odd))}"
            yield Problem("lock-outdated", said, self.path, _LOCK_AGAIN)

    def _is_root(self, package: dict[str, Any]) -> bool:
        source = package.get("source", {})
        is_here = any(source.get(kind) == self.member for kind in _OURS)
        return is_here and normalize_name(str(package.get("name"))) == self.project.name

    def _indexes(self, packages: list[dict[str, Any]], policy: PackagePolicy) -> Iterator[Problem]:
        registries = {one.get("source", {}).get("registry") for one in packages} - {None}
        for url in sorted(map(str, registries)):
            try:
                option = Option("--extra-index-url", url)
                Collector(policy).take(option, (), (), place=self.path, constraints=False)
            except Refused as refused:
                yield Problem(refused.code, refused.message, self.path, refused.hint)

    def lock(self, interpreter: Interpreter, policy: PackagePolicy, cache: Cache) -> Lock:
        """The lock that it holds for the chosen groups. `Invalid` (`requirements-refused`,
        `lock-outdated`)."""
        building = cache.root / ".building"
        building.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix="lock.", dir=building) as name:
            text = self._export(Path(name), interpreter, policy, cache)
        collector, problems = Collector(policy), []
        for _, line in logical_lines(text):
            statement, hashes, _ = read_statement(line)
            try:
                collector.take(statement, hashes, (), place=self.path, constraints=False)
            except Refused as refused:
                problems.append(Problem(refused.code, refused.message, self.path, refused.hint))
        if problems:
            raise refusal(problems, self.path)
        packages = read_packages(text, interpreter.version)
        builds = collector.builds | self._without_wheel(text, policy)
        return Lock(interpreter.version, None, packages, tuple(sorted(builds)))

    def _without_wheel(self, text: str, policy: PackagePolicy) -> set[str]:
        """Packages of the export that the lock has only as a source, where they may be built."""
        statements = (read_statement(line)[0] for _, line in logical_lines(text))
        wanted = {one.name for one in statements if isinstance(one, Named | Direct)}
        packages = tomllib.loads(self.text).get("package", ())
        only = {
            normalize_name(one["name"])
            for one in packages
            if "sdist" in one and not one.get("wheels")
        }
        return {name for name in only & wanted if policy.may_build(name)}

    def _export(
        self, folder: Path, interpreter: Interpreter, policy: PackagePolicy, cache: Cache
    ) -> str:
        if self.root is not None:
            (folder / pyproject.FILE).write_text(self.root.text)
        (folder / self.member).mkdir(parents=True, exist_ok=True)
        (folder / self.member / pyproject.FILE).write_text(self.project.text)
        (folder / FILE).write_text(self.text)
        args = ["export", "--quiet", "--frozen", "--offline", "--no-emit-workspace", "--no-header"]
        args += ["--package", self.project.name] if self.root is not None else []
        args += ["--no-annotate", "--no-default-groups", "--format", "requirements.txt"]
        args += [*self.project.options(), "--python", str(interpreter.path)]
        quiet = replace(policy, network=())
        done = tool.call(args, policy=quiet, cache=cache, folder=folder, timeout=_EXPORT_SECONDS)
        if done.returncode:
            raise Invalid(
                "lock-outdated",
                f"{self.path} cannot be read: {tool.explain(done)}",
                hint=_LOCK_AGAIN,
            )
        return done.stdout.decode()


_LOCK_AGAIN = "Run `uv lock`, and commit uv.lock."


def refusal(problems: list[Problem], source: str) -> Invalid:
    """One error for all that is refused in the files of one source."""
    one = problems[0]
    if len(problems) == 1 and not one.code.startswith("requirement"):
        return Invalid(one.code, f"{source}: {one.message}", hint=one.hint, problems=problems)
    return Invalid(
        "requirements-refused",
        f"{source}: {len(problems)} line{'s are' if problems[1:] else ' is'} refused",
        hint="Each line tells what would mend it." if problems[1:] else one.hint,
        problems=problems,
    )
