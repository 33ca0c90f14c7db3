"""What a repository or a workflow requires, read as data and refused line by line."""

from __future__ import annotations

import posixpath
from collections.abc import Callable
from dataclasses import dataclass

from taxiway.environment.collector import Collector, Refused
from taxiway.environment.lines import decode, logical_lines
from taxiway.environment.policy import PackagePolicy
from taxiway.environment.statement import Option, read_statement
from taxiway.errors import Invalid, Problem, TaxiwayError

FILE = "requirements.txt"
FALLBACK = "requirements"  # the field of a workflow, as the place of a problem
LARGEST = 1 << 20  # bytes of one file
MOST_FILES = 50

Read = Callable[[str], bytes | None]

# What else tells packages, and how a user makes a requirements.txt of it.
_OTHER_FILES = {
    "pyproject.toml": "uv pip compile pyproject.toml -o requirements.txt",
    "environment.yml": "list the Python packages of its `dependencies` in a requirements.txt",
    "environment.yaml": "list the Python packages of its `dependencies` in a requirements.txt",
    "setup.py": "list its `install_requires` in a requirements.txt",
    "setup.cfg": "list its `install_requires` in a requirements.txt",
    "Pipfile": "pipenv requirements > requirements.txt",
}


@dataclass(frozen=True)
class Requirements:
    """Checked requirements, one a line, with nothing in them that uv would follow or expand.

    The index URLs carry no credentials; `default_index` is `None` for the operator's default.
    `builds` are the packages that the text itself asks to build. `notes` are for the user.
    """

    text: str = ""
    notes: tuple[str, ...] = ()
    constraints: str = ""
    default_index: str | None = None
    indexes: tuple[str, ...] = ()
    find_links: tuple[str, ...] = ()
    prerelease: bool = False
    builds: tuple[str, ...] = ()


def parse(text: str, *, policy: PackagePolicy, source: str = FILE, read: Read) -> Requirements:
    """The requirements of `text`, which stands in `source`; files it includes come from `read`.

    `Invalid` (`requirements-refused`) with a problem for every line that is refused.
    """
    reader = _Reader(Collector(policy), read)
    reader.read_text(text, source)
    if reader.problems:
        raise _refused(reader.problems, source)
    return collected(reader.collector)


def collected(found: Collector) -> Requirements:
    """What a collector has gathered."""
    return Requirements(
        text="".join(f"{line}\n" for line in found.requirements),
        notes=tuple(dict.fromkeys(found.notes)),
        constraints="".join(f"{line}\n" for line in found.constraints),
        default_index=found.default_index,
        indexes=tuple(found.indexes),
        find_links=tuple(found.find_links),
        prerelease=found.prerelease,
        builds=tuple(sorted(found.builds)),
    )


def of_repository(read: Read, *, fallback: str | None, policy: PackagePolicy) -> Requirements:
    """The requirements of the repository, else those of the workflow, else none.

    A repository that tells its packages in another file gets a note, never a silently empty
    environment.
    """
    data = read(FILE)
    if data is not None:
        notes = (
            [f"{FILE} of the repository is used; the requirements of the workflow are not."]
            if (fallback or "").strip()
            else []
        )
        found = parse(_decoded(data, FILE), policy=policy, source=FILE, read=read)
    else:
        found = parse(fallback or "", policy=policy, source=FALLBACK, read=read)
        notes = _about_other_files(read, bool((fallback or "").strip()))
    return _with_notes(found, notes)


def _with_notes(found: Requirements, notes: list[str]) -> Requirements:
    values = {name: getattr(found, name) for name in found.__dataclass_fields__}
    return Requirements(**values | {"notes": (*notes, *found.notes)})


def _about_other_files(read: Read, has_fallback: bool) -> list[str]:
    there = [name for name in _OTHER_FILES if _exists(read, name)]
    if not there:
        return []
    instead = (
        "The requirements of the workflow are used instead."
        if has_fallback
        else "The environment has no packages."
    )
    verb = "is" if len(there) == 1 else "are"
    return [
        f"The repository has {' and '.join(there)} but no {FILE}. Only {FILE} is read: "
        f"{' and '.join(there)} {verb} not. {instead} To change that: {_OTHER_FILES[there[0]]}"
    ]


def _exists(read: Read, path: str) -> bool:
    try:
        return read(path) is not None
    except TaxiwayError:  # too large, or a link: it is there
        return True


def _decoded(data: bytes, place: str) -> str:
    try:
        return decode(data)
    except UnicodeDecodeError:
        problem = Problem(
            "requirement-encoding", "it is not UTF-8 text", place, "Save the file as UTF-8."
        )
        raise _refused([problem], place) from None


def _refused(problems: list[Problem], source: str) -> Invalid:
    lines = "1 line is" if len(problems) == 1 else f"{len(problems)} lines are"
    return Invalid(
        "requirements-refused",
        f"{source}: {lines} refused",
        hint=problems[0].hint if len(problems) == 1 else "Each line tells what would mend it.",
        problems=problems,
    )


class _Reader:
    """Follows `-r` and `-c` inside the tree, and puts each refusal at its line."""

    def __init__(self, collector: Collector, read: Read) -> None:
        self.collector = collector
        self.problems: list[Problem] = []
        self._read = read
        self._seen: set[tuple[str, bool]] = set()

    def read_text(self, text: str, source: str, *, constraints: bool = False) -> None:
        self._seen.add((source, constraints))
        for number, line in logical_lines(text.removeprefix("\ufeff")):
            place = f"{source}:{number}"
            try:
                self._read_line(line, source, place, constraints)
            except Refused as refused:
                self.problems.append(Problem(refused.code, refused.message, place, refused.hint))

    def _read_line(self, line: str, source: str, place: str, constraints: bool) -> None:
        if "${" in line:
            raise Refused(
                "requirement-variable",
                "`${…}` is not expanded: a requirement must not read this host's variables",
                "Write the value itself; a private index and its credentials belong into the "
                "operator's settings.",
            )
        statement, hashes, options = read_statement(line)
        if isinstance(statement, Option) and statement.flag in ("--requirement", "--constraint"):
            only = constraints or statement.flag == "--constraint"
            self._include(statement.value, source, constraints=only)
            return
        self.collector.take(statement, hashes, options, place=place, constraints=constraints)

    def _include(self, target: str, source: str, *, constraints: bool) -> None:
        path = posixpath.normpath(posixpath.join(posixpath.dirname(source), target))
        outside = path.startswith(("/", "../")) or path in ("..", ".") or ":" in target
        if outside or not target.isprintable() or "\\" in target:
            raise Refused(
                "requirement-include",
                f"{target} is not a file of the repository",
                "Only files of the repository can be included; copy its lines here.",
            )
        if (path, constraints) in self._seen:
            return
        if len(self._seen) >= MOST_FILES:
            raise Refused("requirement-include", f"more than {MOST_FILES} files are included", "")
        text = self._included(path)
        self.read_text(text, path, constraints=constraints)

    def _included(self, path: str) -> str:
        try:
            data = self._read(path)
        except TaxiwayError as error:
            raise Refused("requirement-include", error.message, error.hint) from None
        if data is None:
            raise Refused(
                "requirement-include",
                f"the repository has no file {path}",
                "Paths are relative to the file that names them.",
            )
        if len(data) > LARGEST:
            raise Refused("requirement-include", f"{path} is larger than 1 MiB", "")
        try:
            return decode(data)
        except UnicodeDecodeError:
            raise Refused(
                "requirement-encoding", f"{path} is not UTF-8 text", "Save the file as UTF-8."
            ) from None
