"""The functions of a commit: a page of files, read from the mirror, parsed once for each content."""

from __future__ import annotations

import json
import threading
import time
from collections import OrderedDict
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

import pygit2

from taxiway.errors import Invalid
from taxiway.functions.found import Blob
from taxiway.functions.model import SOURCE_LIMIT, FileFunctions, Function, Unreadable
from taxiway.functions.refusal import refusal
from taxiway.git import browse
from taxiway.server.paging import cursor_of, place_of
from taxiway.server.repositories.browser import Browser, Place
from taxiway.server.repositories.listing import FunctionQuery

_SEARCHED = 1000  # files that one request with `q` goes through
_SEARCH_SECONDS = 10.0
_TOGETHER = 32 << 20  # bytes that one page has parsed
_TOO_LARGE = b" " * (SOURCE_LIMIT + 1)  # what is not read stands for itself
_TREES = 16
_RENDERED = 4096


@dataclass(frozen=True, slots=True)
class _Found:
    """A file that may have functions."""

    blob: Blob
    kind: browse.Kind


class Functions:
    """One per server process: remembers trees and answers that were made before."""

    def __init__(self, browser: Browser) -> None:
        self._browser = browser
        self._guard = threading.Lock()
        self._trees: OrderedDict[str, Sequence[_Found]] = OrderedDict()
        self._rendered: OrderedDict[Blob, list[bytes]] = OrderedDict()

    def page(self, repository_id: str, asked: FunctionQuery) -> bytes:
        """One page, as JSON. `NotFound` (`path-not-found`), `Invalid` (`notebook-refused`,
        `not-a-python-file`)."""
        path = asked.path.rstrip("/")
        scope = f"functions {repository_id}"
        place = self._browser.place(repository_id, asked.ref, asked.commit)
        files = self._files(place, path)
        after = place_of(asked, scope, 1)
        left = [file for file in files if not after or file.blob.path > after[0]]
        shown, last = self._search(place, left, asked) if asked.q else self._all(place, left, asked)
        more = bool(last) and last != left[-1].blob.path
        return _json(
            items=shown,
            next_cursor=cursor_of(asked, scope, [last]) if more else None,
            total=None if asked.q else len(files),
            commit=place.commit,
            ref=place.ref,
            path=path,
        )

    def _all(
        self, place: Place, files: Sequence[_Found], asked: FunctionQuery
    ) -> tuple[list[bytes], str]:
        chosen = files[: asked.limit]
        found = self._read(place, chosen)
        shown = [self._render(file, found[file.blob.path]) for file in chosen]
        return shown, chosen[-1].blob.path if chosen else ""

    def _search(
        self, place: Place, files: Sequence[_Found], asked: FunctionQuery
    ) -> tuple[list[bytes], str]:
        """Some files at a time, until the page is full or enough was gone through."""
        wanted = (asked.q or "").casefold()
        shown: list[bytes] = []
        last = ""
        deadline = time.monotonic() + _SEARCH_SECONDS
        for start in range(0, min(len(files), _SEARCHED), 200):
            if time.monotonic() > deadline:
                break
            batch = files[start : start + 200]
            found = self._read(place, batch)
            for file in batch:
                match = _matching(found[file.blob.path], wanted)
                if match is not None:
                    shown.append(_rendered(file, match, [_dump(_told(f)) for f in match.functions]))
                last = file.blob.path
                if len(shown) == asked.limit:
                    return shown, last
        return shown, last

    def _files(self, place: Place, path: str) -> Sequence[_Found]:
        """What may have functions below the path, by path; remembered by the id of its tree."""

        def read(store: pygit2.Repository) -> Sequence[_Found]:
            if path.endswith((".py", ".ipynb")):
                entry = browse.entry_at(store, place.commit, path)
                if browse.kind_of(entry) != "folder":
                    return [_file(path, entry)]
            elif path and browse.kind_of(browse.entry_at(store, place.commit, path)) == "file":
                raise _not_python(path)
            tree = browse.folder_at(store, place.commit, path)
            key = f"{tree.id} {path}"
            with self._guard:
                known = self._trees.get(key)
            return known if known is not None else self._walk(store, place, tree, path, key)

        files = self._browser.read(place, read)
        if len(files) == 1 and files[0].blob.path == path:
            _require_functions(files[0])
        return files

    def _walk(
        self, store: pygit2.Repository, place: Place, tree: pygit2.Tree, path: str, key: str
    ) -> Sequence[_Found]:
        limit = place.mirror.policy.limits.entries
        files = sorted(
            (
                _file(inner, entry)
                for inner, entry in browse.walk(store, tree, path, limit=limit)
                if inner.endswith((".py", ".ipynb"))
            ),
            key=lambda file: file.blob.path,
        )
        with self._guard:
            self._trees[key] = files
            while len(self._trees) > _TREES:
                self._trees.popitem(last=False)
        return files

    def _read(self, place: Place, files: Sequence[_Found]) -> Mapping[str, FileFunctions]:
        found = {
            file.blob.path: FileFunctions(file.blob.path, problem=problem)
            for file in files
            if (problem := _refused(file)) is not None
        }
        wanted = [file.blob for file in files if file.blob.path not in found]
        return found | self._browser.found.of(wanted, lambda blobs: self._contents(place, blobs))

    def _contents(self, place: Place, blobs: Sequence[Blob]) -> Mapping[str, bytes]:
        """Of a file that is too large only as much as tells that it is; of all together what the
        server has room for."""

        def read(store: pygit2.Repository) -> Mapping[str, bytes]:
            found: dict[str, bytes] = {}
            size = 0
            for blob in blobs:
                data = browse.content_of(store, blob.id, limit=SOURCE_LIMIT)
                found[blob.path] = _TOO_LARGE if data is None else data
                size += len(data or b"")
                if size > _TOGETHER:
                    break
            return found

        return self._browser.read(place, read)

    def _render(self, file: _Found, found: FileFunctions) -> bytes:
        with self._guard:
            functions = self._rendered.get(file.blob)
        if functions is None:
            functions = [_dump(_told(function)) for function in found.functions]
            with self._guard:
                self._rendered[file.blob] = functions
                while len(self._rendered) > _RENDERED:
                    self._rendered.popitem(last=False)
        return _rendered(file, found, functions)


def _file(path: str, entry: pygit2.Object) -> _Found:
    return _Found(Blob(path, str(entry.id)), browse.kind_of(entry))


def _require_functions(file: _Found) -> None:
    """One file that was asked for by name is refused where it can have none."""
    problem = _refused(file)
    if problem is not None:
        raise Invalid(
            problem.code,
            f"{file.blob.path}: {problem.reason}",
            hint=problem.hint,
        )


def _refused(file: _Found) -> Unreadable | None:
    if file.kind == "file":
        return refusal(file.blob.path, 0)
    return Unreadable(
        "path-is-link" if file.kind == "link" else "path-is-submodule",
        f"it is a {file.kind}, which is not followed",
        hint="Name the file itself by its path in the repository.",
    )


def _not_python(path: str) -> Invalid:
    return Invalid(
        "file-not-python",
        f"{path} is no Python file: its name does not end with .py",
        hint="Functions are found in files like src/train.py.",
    )


def _matching(found: FileFunctions, wanted: str) -> FileFunctions | None:
    """The file with the functions that match; with all of them where its path does."""
    if wanted in found.path.casefold():
        return found
    functions = tuple(
        function
        for function in found.functions
        if wanted in function.name.casefold() or wanted in function.doc.summary.casefold()
    )
    return replace(found, functions=functions) if functions else None


def _told(function: Function) -> dict[str, Any]:
    told = function.as_dict()
    for shown, parameter in zip(told["parameters"], function.parameters, strict=True):
        shown["is_required"] = parameter.is_required
    return {**told, "signature": function.signature}


def _rendered(file: _Found, found: FileFunctions, functions: Sequence[bytes]) -> bytes:
    facts = {"path": file.blob.path, "id": file.blob.id}
    problem = asdict(found.problem) if found.problem else None
    start = _dump({**facts, "problem": problem})
    return start[:-1] + b',"functions":[' + b",".join(functions) + b"]}"


def _json(*, items: Sequence[bytes], **facts: Any) -> bytes:
    return _dump(facts)[:-1] + b',"items":[' + b",".join(items) + b"]}"


def _dump(value: Any) -> bytes:
    return json.dumps(value, separators=(",", ":")).encode("ascii")
