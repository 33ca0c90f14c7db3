"""The functions of one commit's files, and of the inline tasks: parsed where they are asked for."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping

from taxiway.functions.found import Blob, FoundFunctions
from taxiway.functions.model import SOURCE_LIMIT, FileFunctions, Unreadable
from taxiway.git.trees import LINK, SUBMODULE, TreeEntry, object_id
from taxiway.release.tree import Tree, inline_path, source_path
from taxiway.workflow.models import Workflow

Read = Callable[[str], bytes | None]


class SourceCatalogue:
    """A `Catalogue` on a tree. `load` parses many files at once, which costs less than one after
    another."""

    def __init__(
        self, workflow: Workflow, tree: Tree | None, read: Read, found: FoundFunctions
    ) -> None:
        self._inline = {
            inline_path(task): (task.python_callable or "").encode("utf-8", "replace")
            for task in workflow.tasks
            if not task.is_git
        }
        self._entries: Mapping[str, TreeEntry] = tree.entries if tree else {}
        self._read = read
        self._found = found
        self._known: dict[str, FileFunctions | None] = {}
        self.load(source_path(task) for task in workflow.tasks)

    def functions(self, path: str) -> FileFunctions | None:
        if path not in self._known:
            self.load([path])
        return self._known[path]

    def load(self, paths: Iterable[str]) -> None:
        blobs: list[Blob] = []
        for path in dict.fromkeys(paths):
            if path not in self._known and (blob := self._blob(path)) is not None:
                blobs.append(blob)
        self._known.update(self._found.of(blobs, self._contents))

    def _blob(self, path: str) -> Blob | None:
        """What has to be parsed; what needs no parsing is known afterwards."""
        source = self._inline.get(path)
        if source is not None:
            return Blob(path, object_id(b"blob", source))
        entry = self._entries.get(path)
        if entry is None or entry.mode in (LINK, SUBMODULE):
            self._known[path] = None
        elif (entry.size or 0) > SOURCE_LIMIT:
            self._known[path] = _too_large(path, entry.size or 0)
        else:
            return Blob(path, entry.oid)
        return None

    def _contents(self, blobs: list[Blob]) -> dict[str, bytes]:
        return {
            blob.path: self._inline[blob.path]
            if blob.path in self._inline
            else self._read(blob.path) or b""
            for blob in blobs
        }


def _too_large(path: str, size: int) -> FileFunctions:
    reason = f"it has {size:,} bytes; at most {SOURCE_LIMIT:,} are parsed"
    hint = "Move data out of the Python file."
    return FileFunctions(path, problem=Unreadable("file-too-large", reason, hint=hint))
