"""The files of one commit, from one folder of it down: what a workflow can see of its repository."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from taxiway.git.mirror import READ_LIMIT, Mirror
from taxiway.git.names import folders_above
from taxiway.git.trees import LINK, SUBMODULE, TreeEntry


@dataclass(frozen=True)
class Files:
    """`folder` is the workflow's `git_subdirectory`; paths begin there. `None`: all of it."""

    mirror: Mirror
    commit: str
    folder: str | None = None

    @property
    def tree(self) -> str:
        """The id of the folder's tree: a commit that does not touch the folder has the same."""
        return self.mirror.tree_of(self.commit, self.folder)

    @property
    def entries(self) -> Mapping[str, TreeEntry]:
        return self.mirror.entries(self.commit, self.folder)

    def read(self, path: str, *, limit: int = READ_LIMIT) -> bytes | None:
        """As `Mirror.read_file`."""
        return self.mirror.read_file(self.commit, path, folder=self.folder, limit=limit)

    def read_above(self, path: str, *, limit: int = READ_LIMIT) -> bytes | None:
        """A file by its path from the root of the repository, whatever the folder is."""
        return self.mirror.read_above(self.commit, path, self.folder, limit)

    def mentions_lfs(self) -> bool:
        """Whether any `.gitattributes` that counts here speaks of LFS."""
        above = [f"{folder}.gitattributes" for folder in folders_above(self.folder)]
        below = [e.oid for e in self.entries.values() if e.path.endswith(".gitattributes")]
        texts = [self.read_above(path) or b"" for path in above] + self.read_blobs(below)
        return any(b"filter=lfs" in text for text in texts)

    def with_filter(self, paths: Sequence[str], name: str) -> set[str]:
        """Those of the paths whose attribute `filter` is `name`."""
        prefix = f"{self.folder}/" if self.folder else ""
        full = {prefix + path: path for path in paths}
        found = self.mirror.attributes(self.commit, list(full), "filter", self.folder)
        return {path for whole, path in full.items() if found.get(whole) == name}

    def read_blobs(self, oids: Sequence[str]) -> list[bytes]:
        return self.mirror.read_blobs(self.commit, oids, self.folder)

    def links(self) -> dict[str, str]:
        """Where each link points."""
        links = [entry for entry in self.entries.values() if entry.mode == LINK]
        targets = self.read_blobs([entry.oid for entry in links])
        return {
            entry.path: target.decode("utf-8", "surrogateescape")
            for entry, target in zip(links, targets, strict=True)
        }

    def submodules(self) -> dict[str, str]:
        """The commit that each submodule is pinned at."""
        return {e.path: e.oid for e in self.entries.values() if e.mode == SUBMODULE}
