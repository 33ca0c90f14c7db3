"""What the files of a release are made from: a commit, its submodules and its LFS objects.

All that can be wrong is gathered, so that the deploy check tells it at once. Nothing large is
brought before that: submodules are fetched, LFS objects are not.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property

from taxiway.errors import Invalid, TaxiwayError, Unavailable
from taxiway.git import pointers, submodules
from taxiway.git.files import Files
from taxiway.git.mirror import READ_LIMIT, Mirror
from taxiway.git.pointers import Pointer
from taxiway.git.trees import FILE, PROGRAM, SUBMODULE, TreeEntry, check_limits

DEPTH = 10  # submodules of submodules
COUNT = 100


@dataclass(frozen=True)
class Fault:
    """What of a part could not be resolved."""

    path: str
    error: TaxiwayError


@dataclass
class Composition:
    """`parts` are the repositories by the folder that each lies in, with a slash at its end: the
    workflow's own has the empty one. `empty` are submodules that nothing declares: they stay
    empty folders, as in a clone."""

    parts: dict[str, Files]
    lfs: dict[str, Pointer] = field(default_factory=dict)
    empty: dict[str, str] = field(default_factory=dict)
    faults: list[Fault] = field(default_factory=list)

    @property
    def files(self) -> Files:
        return self.parts[""]

    @cached_property
    def entries(self) -> Mapping[str, TreeEntry]:
        """Every file, link and empty submodule by its path, within the limits."""
        if len(self.parts) == 1:
            return self.files.entries
        found = (
            TreeEntry(prefix + entry.path, entry.mode, entry.oid, entry.size)
            for prefix, files in self.parts.items()
            for entry in files.entries.values()
            if entry.mode != SUBMODULE or prefix + entry.path in self.empty
        )
        kept = check_limits(found, self.files.mirror.policy.limits)
        return {entry.path: entry for entry in kept}

    @cached_property
    def links(self) -> dict[str, str]:
        return {
            prefix + path: target
            for prefix, files in self.parts.items()
            for path, target in files.links().items()
        }

    @cached_property
    def id(self) -> str:
        """The address of these files: the id of the tree where they are no more than that.

        LFS objects count with the mirror that they came through: who may read a pointer may not
        yet read what it stands for.
        """
        if len(self.parts) == 1 and not self.lfs:
            return self.files.tree
        made = {
            "parts": {prefix: files.tree for prefix, files in self.parts.items()},
            "empty": self.empty,
            "lfs": {path: [one.oid, one.size] for path, one in self.lfs.items()},
            "through": sorted({self.part_of(path)[0].mirror.key for path in self.lfs}),
        }
        return hashlib.sha256(json.dumps(made, sort_keys=True).encode()).hexdigest()

    def part_of(self, path: str) -> tuple[Files, str]:
        """The repository that a path is from, and the path in it."""
        prefix = self.prefix_of(path)
        return self.parts[prefix], path.removeprefix(prefix)

    def prefix_of(self, path: str) -> str:
        if len(self.parts) == 1:
            return ""
        return max((prefix for prefix in self.parts if path.startswith(prefix)), key=len)

    def read(self, path: str, *, limit: int = READ_LIMIT) -> bytes | None:
        """As `Mirror.read_file`."""
        files, rest = self.part_of(path)
        return files.read(rest, limit=limit)

    def require_sound(self) -> None:
        for fault in self.faults:
            raise fault.error


def compose(files: Files) -> Composition:
    """`Unavailable` when a remote does not answer now; all else that is wrong is a fault."""
    found = Composition({"": files})
    todo = [("", files, 0)]
    while todo:
        prefix, part, depth = todo.pop()
        if len(found.parts) > COUNT or depth > DEPTH:
            found.faults.append(Fault(prefix.rstrip("/"), _too_many()))
            break
        for path, inner in _submodules(prefix, part, found):
            found.parts[f"{path}/"] = inner
            todo.append((f"{path}/", inner, depth + 1))
    for prefix, part in found.parts.items():
        found.lfs |= {prefix + path: pointer for path, pointer in _lfs(part).items()}
    return found


def _submodules(prefix: str, part: Files, found: Composition) -> list[tuple[str, Files]]:
    pinned = part.submodules()
    if not pinned:
        return []
    try:
        urls = submodules.declared(part.read_above(".gitmodules", limit=submodules.SIZE) or b"")
    except Invalid as error:
        found.faults.append(Fault(f"{prefix}.gitmodules", error))
        return []
    taken = []
    for path, commit in pinned.items():
        url = urls.get(f"{part.folder}/{path}" if part.folder else path)
        if url is None:
            found.empty[prefix + path] = commit
            continue
        try:
            taken.append((prefix + path, _fetched(part.mirror, url, commit)))
        except TaxiwayError as error:
            wrapped = _of_submodule(prefix + path, error)
            if isinstance(error, Unavailable):
                raise wrapped from error
            found.faults.append(Fault(prefix + path, wrapped))
    return taken


def _fetched(parent: Mirror, url: str, commit: str) -> Files:
    mirror = Mirror(parent.cache, submodules.address(parent.url, url), parent.policy)
    mirror.fetch(commit)
    files = Files(mirror, commit)
    assert files.entries is not None  # read now: a limit that is passed is this submodule's
    return files


def _of_submodule(path: str, error: TaxiwayError) -> TaxiwayError:
    context = {**error.context, "submodule": path}
    return type(error)(
        error.code, f"The submodule {path}: {error.message}", hint=error.hint, **context
    )


def _too_many() -> Invalid:
    return Invalid(
        "submodules-too-many",
        f"There are more than {COUNT} submodules, or more than {DEPTH} inside each other",
        hint="Take the code that the tasks need into fewer repositories.",
        limit=COUNT,
    )


def _lfs(part: Files) -> dict[str, Pointer]:
    """The files that Git LFS keeps: by their attribute, and by what they hold."""
    small = [
        entry
        for entry in part.entries.values()
        if entry.mode in (FILE, PROGRAM) and 0 < (entry.size or 0) <= pointers.LARGEST
    ]
    if not small or not part.mentions_lfs():
        return {}
    texts = part.read_blobs([entry.oid for entry in small])
    found = {
        entry.path: pointer
        for entry, text in zip(small, texts, strict=True)
        if (pointer := pointers.parse(text)) is not None
    }
    kept = part.with_filter(list(found), "lfs")
    return {path: pointer for path, pointer in found.items() if path in kept}
