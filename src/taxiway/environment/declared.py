"""Where a repository declares the packages and the Python of its tasks: nearest to the script wins.

A script may declare its own. In one folder `requirements.txt` goes before `pylock.toml`, and that
before `pyproject.toml`, whose `uv.lock`, beside it or of the workspace above, is taken as it is. What
was chosen, and what stands beside it unread, is said.
"""

from __future__ import annotations

import hashlib
import json
import posixpath
import tomllib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from taxiway.environment import pylock, pyproject, requirements, script, uvlock
from taxiway.environment.chosen_python import choose
from taxiway.environment.collector import Collector
from taxiway.environment.files import Files
from taxiway.environment.policy import PackagePolicy
from taxiway.environment.pylock import PyLock
from taxiway.environment.pyproject import Pyproject
from taxiway.environment.requirements import Read, Requirements
from taxiway.environment.uvlock import UvLock, refusal
from taxiway.errors import Invalid, Problem

INPUT_FORMAT = 1


@dataclass(frozen=True)
class Declared:
    """What some tasks of a workflow ask for. `source` is a path of the repository, `requirements`
    (the field of the workflow), or nothing; `python_source` where its Python was chosen."""

    source: str
    requirements: Requirements
    python: str
    python_source: str = ""
    locked: UvLock | PyLock | None = None
    groups: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    tasks: tuple[str, ...] = ()

    @property
    def input(self) -> str:
        """The digest of all that decides over the lock: while it is equal, so is the lock."""
        asked = self.requirements
        parts = [INPUT_FORMAT, self.python, asked.text, asked.constraints, asked.default_index]
        parts += [*asked.indexes, "|", *asked.find_links, "|", asked.prerelease, *asked.builds]
        if self.locked:
            parts += [self.locked.text, self.locked.project.text, *self.groups]
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
    files = Files(read)
    found: dict[tuple[str, str], Declared] = {}
    errors: list[Invalid] = []
    for (folder, own), tasks in _places(files, scripts).items():
        try:
            one = _read(files, folder, own, fallback, groups, policy, downloaded)
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


def _places(
    files: Files, scripts: Sequence[tuple[str, str | None]]
) -> dict[tuple[str, str], list[str]]:
    """Folder, and script where it has a block of its own → tasks; inline tasks go with the first
    script, or the root."""
    first = next((path for _, path in scripts if path), "")
    places: dict[tuple[str, str], list[str]] = {}
    for task, path in scripts:
        place = path or first
        own = place if files.mentions(place, script.MARK) else ""
        places.setdefault((posixpath.dirname(place), own), []).append(task)
    return places or {("", ""): []}


def _upwards(folder: str) -> Iterator[str]:
    while folder:
        yield folder
        folder = posixpath.dirname(folder)
    yield ""


def _read(
    files: Files,
    folder: str,
    own: str,
    fallback: str | None,
    groups: Sequence[str],
    policy: PackagePolicy,
    downloaded: Path | None,
) -> Declared:
    block = script.metadata(own, files.text(own) or "") if own else None
    needs: Pyproject | None = block
    if block is not None:
        found = _of_project(files, block, fallback, policy)
    else:
        found = _nearest(files, folder, fallback, groups, policy)
        needs = found.locked.project if found.locked else _project(files, found.source, groups)
    # What a script says of its Python is nearer than any file.
    folders = () if block is not None and block.requires_python else _upwards(folder)
    chosen_python = choose(folders, files.text, needs, policy, downloaded)
    return replace(
        found,
        python=chosen_python.version,
        python_source=chosen_python.source,
        notes=(*found.notes, *chosen_python.notes),
    )


def _nearest(
    files: Files,
    folder: str,
    fallback: str | None,
    groups: Sequence[str],
    policy: PackagePolicy,
) -> Declared:
    for above in _upwards(folder):
        listed = posixpath.join(above, requirements.FILE)
        toml = posixpath.join(above, pyproject.FILE)
        if files.exists(listed):
            return _of_requirements(files, listed, toml, fallback, policy)
        locked = files.text(posixpath.join(above, pylock.FILE))
        if locked is not None:
            return _of_pylock(files, posixpath.join(above, pylock.FILE), locked, fallback, policy)
        chosen = _project(files, toml, groups)
        if chosen is not None and chosen.declares_packages:
            return _of_project(files, chosen, fallback, policy)
    return _of_workflow(files, fallback, policy)


def _project(files: Files, path: str, groups: Sequence[str]) -> Pyproject | None:
    if not path.endswith(pyproject.FILE) or (text := files.text(path)) is None:
        return None
    try:
        return Pyproject.parse(path, text, groups)
    except tomllib.TOMLDecodeError as error:
        problem = Problem("requirement-syntax", f"it is no TOML: {error}", path)
        raise refusal([problem], path) from None


def _of_requirements(
    files: Files, path: str, toml: str, fallback: str | None, policy: PackagePolicy
) -> Declared:
    asked = requirements.parse(files.text(path) or "", policy=policy, source=path, read=files.read)
    unread = _unread(files, path, (pylock.FILE, posixpath.basename(toml), uvlock.FILE))
    return Declared(path, asked, "", notes=(_chosen(path, fallback), *unread, *asked.notes))


def _of_pylock(
    files: Files, path: str, text: str, fallback: str | None, policy: PackagePolicy
) -> Declared:
    lock = PyLock.parse(path, text)
    if problems := lock.problems(policy):
        raise refusal(problems, path)
    unread = _unread(files, path, (uvlock.FILE,))
    return Declared(path, Requirements(), "", locked=lock, notes=(_chosen(path, fallback), *unread))


def _unread(files: Files, path: str, names: Sequence[str]) -> list[str]:
    """What stands beside the file that was chosen, as a note."""
    others = [posixpath.join(posixpath.dirname(path), name) for name in names]
    unread = [one for one in others if files.exists(one)]
    return [f"{' and '.join(unread)} beside it {_is(unread)} not read."] if unread else []


def _of_project(
    files: Files, chosen: Pyproject, fallback: str | None, policy: PackagePolicy
) -> Declared:
    lock = _uv_lock(files, chosen)
    notes = [_chosen(lock.path if lock else chosen.path, fallback)]
    if lock is not None:
        if problems := lock.problems(policy):
            raise refusal(problems, lock.path)
        notes += lock.notes()
        return Declared(
            lock.path, Requirements(), "", locked=lock, groups=chosen.groups, notes=tuple(notes)
        )
    collector = Collector(policy)
    if problems := chosen.collect(collector):
        raise refusal(problems, chosen.path)
    asked = requirements.collected(collector)
    said = (*notes, *asked.notes)
    return Declared(chosen.path, asked, "", groups=chosen.groups, notes=said)


def _uv_lock(files: Files, chosen: Pyproject) -> UvLock | None:
    """The lock beside the project, or that of the workspace which it is a member of. A script has
    none."""
    if not chosen.path.endswith(pyproject.FILE):
        return None
    folder = posixpath.dirname(chosen.path)
    path = posixpath.join(folder, uvlock.FILE)
    if (text := files.text(path)) is not None:
        return UvLock(path, text, chosen)
    for above in _upwards(posixpath.dirname(folder)) if folder else ():
        root = _project(files, posixpath.join(above, pyproject.FILE), ())
        member = posixpath.relpath(folder, above or ".")
        if root is None or not root.has_member(member):
            continue
        path = posixpath.join(above, uvlock.FILE)
        text = files.text(path)
        return UvLock(path, text, chosen, root, member) if text is not None else None
    return None


def _of_workflow(files: Files, fallback: str | None, policy: PackagePolicy) -> Declared:
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
