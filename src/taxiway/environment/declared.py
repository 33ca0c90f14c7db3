"""Where a repository declares the packages and the Python of its tasks: nearest to the script wins.

In one folder `requirements.txt` goes before `pyproject.toml`, and a `uv.lock` beside that is taken as
it is. What was chosen, and what stands beside it unread, is said.
"""

from __future__ import annotations

import hashlib
import json
import posixpath
import tomllib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from taxiway.environment import pyproject, requirements, uvlock
from taxiway.environment.chosen_python import choose
from taxiway.environment.collector import Collector
from taxiway.environment.lines import decode
from taxiway.environment.policy import PackagePolicy
from taxiway.environment.pyproject import Pyproject
from taxiway.environment.requirements import Read, Requirements
from taxiway.environment.uvlock import UvLock, refusal
from taxiway.errors import Invalid, Problem, TaxiwayError

INPUT_FORMAT = 1


@dataclass(frozen=True)
class Declared:
    """What some tasks of a workflow ask for. `source` is a path of the repository, `requirements`
    (the field of the workflow), or nothing; `python_source` where its Python was chosen."""

    source: str
    requirements: Requirements
    python: str
    python_source: str = ""
    uv_lock: UvLock | None = None
    groups: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    tasks: tuple[str, ...] = ()

    @property
    def input(self) -> str:
        """The digest of all that decides over the lock: while it is equal, so is the lock."""
        asked = self.requirements
        parts = [INPUT_FORMAT, self.python, asked.text, asked.constraints, asked.default_index]
        parts += [*asked.indexes, "|", *asked.find_links, "|", asked.prerelease, *asked.builds]
        if self.uv_lock:
            parts += [self.uv_lock.text, self.uv_lock.project.text, *self.groups]
        return hashlib.sha256(json.dumps(parts).encode()).hexdigest()

    def record(self) -> dict[str, object]:
        """What is kept beside the release."""
        return {
            "source": self.source or None,
            "groups": list(self.groups),
            "python": self.python,
            "python_source": self.python_source or None,
            "tasks": list(self.tasks),
        }


@dataclass
class _Place:
    """One script's folder, and what was found nearest to it."""

    folder: str
    source: str = ""
    beside: tuple[str, ...] = ()
    tasks: list[str] = field(default_factory=list)


def declared(
    read: Read,
    scripts: Sequence[tuple[str, str | None]],
    *,
    fallback: str | None,
    groups: Sequence[str],
    policy: PackagePolicy,
    downloaded: Path | None = None,
) -> list[Declared]:
    """What the tasks ask for, the environment of most tasks first; never empty.

    `scripts` holds (task, script path); tasks without a script take what the first one takes.
    `Invalid` with every problem of every file.
    """
    files = _Files(read)
    found: dict[tuple[str, str], Declared] = {}
    errors: list[Invalid] = []
    for folder, tasks in _folders(scripts).items():
        try:
            one = _read(files, folder, fallback, groups, policy, downloaded)
        except Invalid as error:
            errors.append(error)
            continue
        known = found.get((one.source, one.python))
        names = (*(known.tasks if known else ()), *tasks)
        found[one.source, one.python] = replace(one, tasks=names)
    if len(errors) == 1:
        raise errors[0]
    if errors:
        problems = [problem for error in errors for problem in error.problems]
        raise refusal(list(dict.fromkeys(problems)), "The packages")
    return sorted(found.values(), key=lambda one: -len(one.tasks))


def _folders(scripts: Sequence[tuple[str, str | None]]) -> dict[str, list[str]]:
    """folder → tasks; inline tasks go with the first script, or the root."""
    first = next((path for _, path in scripts if path), "")
    folders: dict[str, list[str]] = {}
    for task, path in scripts:
        folders.setdefault(posixpath.dirname(path or first), []).append(task)
    return folders or {"": []}


class _Files:
    """Reads each file once."""

    def __init__(self, read: Read) -> None:
        self._read = read
        self._known: dict[str, bytes | None] = {}

    def read(self, path: str) -> bytes | None:
        if path not in self._known:
            self._known[path] = self._read(path)
        return self._known[path]

    def text(self, path: str) -> str | None:
        data = self.read(path)
        if data is None:
            return None
        try:
            return decode(data)
        except UnicodeDecodeError:
            hint = "Save the file as UTF-8."
            problem = Problem("requirement-encoding", "it is not UTF-8 text", path, hint)
            raise refusal([problem], path) from None

    def exists(self, path: str) -> bool:
        try:
            return self.read(path) is not None
        except TaxiwayError:  # too large, or a link: it is there
            return True


def _upwards(folder: str) -> Iterator[str]:
    while folder:
        yield folder
        folder = posixpath.dirname(folder)
    yield ""


def _read(
    files: _Files,
    folder: str,
    fallback: str | None,
    groups: Sequence[str],
    policy: PackagePolicy,
    downloaded: Path | None,
) -> Declared:
    for above in _upwards(folder):
        listed = posixpath.join(above, requirements.FILE)
        toml = posixpath.join(above, pyproject.FILE)
        if files.exists(listed):
            found = _of_requirements(files, listed, toml, fallback, policy)
            break
        chosen = _project(files, toml, groups)
        if chosen is not None and chosen.declares_packages:
            found = _of_project(files, chosen, fallback, policy)
            break
    else:
        found = _of_workflow(files, fallback, policy)
    needs = found.uv_lock.project if found.uv_lock else _project(files, found.source, groups)
    chosen_python = choose(_upwards(folder), files.text, needs, policy, downloaded)
    return replace(
        found,
        python=chosen_python.version,
        python_source=chosen_python.source,
        notes=(*found.notes, *chosen_python.notes),
    )


def _project(files: _Files, path: str, groups: Sequence[str]) -> Pyproject | None:
    if not path.endswith(pyproject.FILE) or (text := files.text(path)) is None:
        return None
    try:
        return Pyproject.parse(path, text, groups)
    except tomllib.TOMLDecodeError as error:
        problem = Problem("requirement-syntax", f"it is no TOML: {error}", path)
        raise refusal([problem], path) from None


def _of_requirements(
    files: _Files, path: str, toml: str, fallback: str | None, policy: PackagePolicy
) -> Declared:
    asked = requirements.parse(files.text(path) or "", policy=policy, source=path, read=files.read)
    folder = posixpath.dirname(path)
    others = [toml, posixpath.join(folder, uvlock.FILE)]
    unread = [one for one in others if files.exists(one)]
    notes = [f"{' and '.join(unread)} beside it {_is(unread)} not read."] if unread else []
    return Declared(path, asked, "", notes=(_chosen(path, fallback), *notes, *asked.notes))


def _of_project(
    files: _Files, chosen: Pyproject, fallback: str | None, policy: PackagePolicy
) -> Declared:
    path = posixpath.join(posixpath.dirname(chosen.path), uvlock.FILE)
    locked = files.text(path)
    notes = [_chosen(chosen.path if locked is None else path, fallback)]
    if locked is not None:
        lock = UvLock(path, locked, chosen)
        if problems := lock.problems(policy):
            raise refusal(problems, path)
        return Declared(
            path, Requirements(), "", uv_lock=lock, groups=chosen.groups, notes=tuple(notes)
        )
    collector = Collector(policy)
    if problems := chosen.collect(collector):
        raise refusal(problems, chosen.path)
    asked = requirements.collected(collector)
    said = (*notes, *asked.notes)
    return Declared(chosen.path, asked, "", groups=chosen.groups, notes=said)


def _of_workflow(files: _Files, fallback: str | None, policy: PackagePolicy) -> Declared:
    asked = requirements.of_repository(files.read, fallback=fallback, policy=policy)
    source = requirements.FALLBACK if (fallback or "").strip() else ""
    return Declared(source, asked, "", notes=asked.notes)


def _chosen(path: str, fallback: str | None) -> str:
    said = f"Packages: {path} of the repository is used"
    if (fallback or "").strip():
        return f"{said}; the requirements of the workflow are not."
    return f"{said}."


def is_choice(note: str) -> bool:
    """Whether a note only tells what was chosen, and nothing stands beside it unread."""
    return note.startswith(("Packages: ", "Python ")) and not note.endswith(" are not.")


def _is(names: Sequence[str]) -> str:
    return "is" if len(names) == 1 else "are"
