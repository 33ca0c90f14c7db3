"""The entries of a tree: their limits, their links, and the id that they add up to."""

from __future__ import annotations

import hashlib
import posixpath
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

from taxiway.errors import Invalid, Problem
from taxiway.git.names import PATH_BYTES, PATH_DEPTH
from taxiway.git.policy import TreeLimits

FILE = "100644"
PROGRAM = "100755"
LINK = "120000"
SUBMODULE = "160000"
_HOPS = 64  # more than any kernel follows


class TreeEntry(NamedTuple):
    """One file, link or submodule. `path` is UTF-8, other bytes as surrogate escapes; `size` is
    `None` for a submodule."""

    path: str
    mode: str
    oid: str
    size: int | None


def check_limits(entries: Iterable[TreeEntry], limits: TreeLimits) -> list[TreeEntry]:
    """The entries; `Invalid` names the limit that is passed before more are read."""
    kept: list[TreeEntry] = []
    for count, entry in enumerate(entries, 1):
        kept.append(entry)
        path = entry.path
        if count > limits.entries:
            raise _over("tree-too-many-files", "The tree has more files", limits.entries)
        # No character has more than four bytes, and nearly all paths are short.
        if path.count("/") >= PATH_DEPTH or (len(path) * 4 > PATH_BYTES and _is_long(path)):
            raise _over("path-too-long", f"{path[:80]!r}… has more bytes", PATH_BYTES)
    return kept


def _is_long(path: str) -> bool:
    return len(path.encode(errors="surrogateescape")) > PATH_BYTES


def check_sizes(
    entries: Sequence[TreeEntry], limits: TreeLimits, lfs: Mapping[str, int] | None = None
) -> None:
    """Raise `Invalid` with a problem for each limit that the sizes pass: sizes are known before
    a file is read."""
    found = [problem for problem, _ in oversizes(entries, limits, lfs)]
    if found:
        first = found[0]
        raise Invalid(first.code, first.message, hint=first.hint, problems=found)


def oversizes(
    entries: Sequence[TreeEntry], limits: TreeLimits, lfs: Mapping[str, int] | None = None
) -> list[tuple[Problem, str | None]]:
    """What is too large, each with its file if it is one. `lfs` has the sizes of the files whose
    content is kept by Git LFS: they are counted apart."""
    found: list[tuple[Problem, str | None]] = []
    for entry in entries:
        if (entry.size or 0) > limits.file_bytes:
            subject = f"{entry.path!r} has {entry.size:,} bytes, which is more"
            found.append((_excess("file-too-large", subject, limits.file_bytes), entry.path))
    total = sum(entry.size or 0 for entry in entries)
    if total > limits.total_bytes:
        subject = f"The tree's files have {total:,} bytes, which is more"
        found.append((_excess("tree-too-large", subject, limits.total_bytes), None))
    kept_apart = sum((lfs or {}).values())
    if kept_apart > limits.lfs_bytes:
        subject = f"The tree's LFS objects have {kept_apart:,} bytes, which is more"
        found.append((_excess("lfs-too-large", subject, limits.lfs_bytes), None))
    return found


_SMALLER = "Keep data out of the repository, or raise the limit where the server is configured."


def _excess(code: str, subject: str, limit: int) -> Problem:
    return Problem(code, f"{subject} than the limit of {limit:,}", hint=_SMALLER)


def _over(code: str, subject: str, limit: int) -> Invalid:
    return Invalid(code, f"{subject} than the limit of {limit:,}", hint=_SMALLER, limit=limit)


def check_links(links: Mapping[str, str]) -> None:
    """Raise `Invalid` (`link-leaves-tree`) naming the links (path → target) that do not stay
    inside the tree, followed as the kernel follows them."""
    leaving = leaving_links(links)
    if not leaving:
        return
    shown = ", ".join(f"{path} -> {links[path][:100]}" for path in leaving[:5])
    more = f" and {len(leaving) - 5} more" if len(leaving) > 5 else ""
    raise Invalid(
        "link-leaves-tree",
        f"Symbolic links must be relative and stay inside the repository: {shown}{more}",
        hint="Remove the link, or point it at a file of the repository.",
        links=leaving[:100],
    )


def leaving_links(links: Mapping[str, str]) -> list[str]:
    """The links (path → target) that leave the tree or are absolute, by path."""
    return sorted(path for path, target in links.items() if not _stays(path, target, links))


def _stays(path: str, target: str, links: Mapping[str, str]) -> bool:
    here = [part for part in posixpath.dirname(path).split("/") if part]
    todo = list(reversed(target.split("/")))
    hops = 0
    if not target or target.startswith("/") or "\0" in target or len(target) > 4095:
        return False
    while todo:
        part = todo.pop()
        if part in ("", "."):
            continue
        if part == "..":
            if not here:
                return False
            here.pop()
            continue
        here.append(part)
        onward = links.get("/".join(here))
        if onward is None:
            continue
        here.pop()
        hops += 1
        if hops > _HOPS:
            return True  # no kernel follows it to its end
        if onward.startswith("/"):
            return False
        todo.extend(reversed(onward.split("/")))
    return True


def object_id(kind: bytes, data: bytes) -> str:
    """Git's id of an object."""
    return hashlib.sha1(b"%s %d\0" % (kind, len(data)) + data, usedforsecurity=False).hexdigest()


def tree_id(entries: Iterable[tuple[str, str, str]]) -> str:
    """The id of the tree that (path, mode, id) entries make; `ValueError` when they make none."""
    root: dict[bytes, Any] = {}
    nodes = {"": root}
    for path, mode, oid in entries:
        folder, _, last = path.rpartition("/")
        node = nodes.get(folder)
        if node is None:
            node = nodes[folder] = _node(root, folder, path)
        name = last.encode(errors="surrogateescape")
        if name in node:
            raise ValueError(f"{path!r} is there twice")
        node[name] = b"%s %s\0%s" % (mode.encode(), name, bytes.fromhex(oid))
    return _hash(root).hex()


def _node(root: dict[bytes, Any], folder: str, path: str) -> dict[bytes, Any]:
    node = root
    for name in folder.encode(errors="surrogateescape").split(b"/"):
        node = node.setdefault(name, {})
        if not isinstance(node, dict):
            raise ValueError(f"{path!r} lies below a file")
    return node


def _hash(node: dict[bytes, Any]) -> bytes:
    rows = []
    for name, value in node.items():
        if isinstance(value, dict):
            rows.append((name + b"/", b"40000 " + name + b"\0" + _hash(value)))
        else:
            rows.append((name, value))
    data = b"".join(row for _, row in sorted(rows))
    return hashlib.sha1(b"tree %d\0" % len(data) + data, usedforsecurity=False).digest()
