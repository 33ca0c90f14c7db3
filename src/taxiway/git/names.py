"""Branches, commits and paths as users give them, checked before git sees any of them."""

from __future__ import annotations

import re

from taxiway.errors import Invalid

_COMMIT = re.compile(r"[0-9a-f]{40}")
_REF_FORBIDDEN = re.compile(r"[\x00-\x20\x7f~^:?*\[\\]|\.\.|@\{|//")
_CONTROL = re.compile(r"[\x00-\x1f\x7f]")
PATH_BYTES = 1024
PATH_DEPTH = 100


def check_branch(branch: str) -> str:
    """`branch`, when git would take it as the name of a branch; `Invalid` (`branch-invalid`)."""
    reason = _branch_reason(branch)
    if reason:
        raise Invalid(
            "branch-invalid",
            f"{branch!r} is not the name of a branch: {reason}",
            hint="Give the branch's name as `git branch` shows it, like main or release/2.",
        )
    return branch


def is_ref_name(name: str) -> bool:
    """Whether git takes `name` as that of a branch or a tag, and nothing else could be meant."""
    return not _branch_reason(name)


def check_ref(text: str) -> str:
    """`text`, when it can name a branch, a tag or a commit; `Invalid` (`ref-invalid`)."""
    reason = _branch_reason(text)
    if reason:
        raise Invalid(
            "ref-invalid",
            f"{text!r} is no branch, tag or commit: {reason}",
            hint="Give a name as `git branch` or `git tag` shows it, or a commit id.",
        )
    return text


def _branch_reason(branch: str) -> str:
    if branch in ("", "@", "HEAD"):
        return "it is empty or reserved"
    if len(branch.encode("utf-8", "replace")) > 255:
        return "it is longer than 255 bytes"
    if _REF_FORBIDDEN.search(branch) or not _encodable(branch):
        return "it holds characters that git does not allow"
    if branch.startswith(("-", "/")) or branch.endswith((".", "/")):
        return "it begins with a dash or a slash, or ends with a slash or a dot"
    if any(part.startswith(".") or part.endswith(".lock") for part in branch.split("/")):
        return "a part of it begins with a dot or ends with .lock"
    return ""


def _encodable(text: str) -> bool:
    return not any("\ud800" <= character <= "\udfff" for character in text)


def check_commit(commit: str) -> str:
    """`commit`, when it is a full object id in lower case; `Invalid` (`commit-invalid`)."""
    if not _COMMIT.fullmatch(commit):
        raise Invalid(
            "commit-invalid",
            f"{commit!r} is not a full commit id",
            hint="Give all 40 characters, as `git rev-parse HEAD` prints them.",
        )
    return commit


def folders_above(folder: str | None) -> list[str]:
    """The folders that lead to `folder`, the root first, each with a slash at its end."""
    parts = folder.split("/") if folder else []
    return ["".join(f"{part}/" for part in parts[:depth]) for depth in range(len(parts))]


def check_path(path: str) -> str:
    """`path`, when it can name a file inside a tree; `Invalid` (`path-invalid`)."""
    parts = path.split("/")
    if (
        _CONTROL.search(path)
        or "\\" in path
        or not {"", ".", ".."}.isdisjoint(parts)
        or len(parts) > PATH_DEPTH
        or len(path) > PATH_BYTES
    ):
        raise Invalid(
            "path-invalid",
            f"{path!r} is not a path inside a repository",
            hint="Give it relative to the repository's root with forward slashes, like src/train.py.",
        )
    return path
