"""Names that move: the branches and tags of a remote, and what a user's text means among them.

A full name (`refs/heads/x`, `refs/tags/x`) says which of the two is meant. A bare name is compared
whole, so that `main` is neither the tag main nor the branch dev/main.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

from taxiway.errors import Invalid
from taxiway.git.names import is_ref_name

Kind = Literal["branch", "tag"]

_FOLDERS: dict[Kind, str] = {"branch": "refs/heads/", "tag": "refs/tags/"}
_ID = re.compile(r"[0-9a-f]{40}")
_PEELED = "^{}"
_SHORT = re.compile(r"[0-9a-fA-F]{4,40}")


@dataclass(frozen=True, order=True)
class Ref:
    """A branch or a tag of the remote, and the commit that it names now."""

    kind: Kind
    name: str
    commit: str

    @property
    def full_name(self) -> str:
        return _FOLDERS[self.kind] + self.name


@dataclass(frozen=True)
class Resolved:
    """What a user's text means now. `ref` is the full name that led there; `None` for a commit."""

    commit: str
    ref: str | None = None


def parse(output: bytes) -> list[Ref]:
    """The refs that `ls-remote --heads --tags` lists: annotated tags with the commit they name.

    Names that nobody could ask for (not UTF-8, or options in disguise) are left out.
    """
    commits: dict[str, str] = {}
    for line in output.decode("utf-8", "surrogateescape").splitlines():
        commit, _, name = line.partition("\t")
        if not _ID.fullmatch(commit):
            continue
        if name.endswith(_PEELED):
            commits[name.removesuffix(_PEELED)] = commit
        else:
            commits.setdefault(name, commit)
    found = []
    for full, commit in commits.items():
        kind, name = split(full)
        if kind and is_ref_name(name):
            found.append(Ref(kind, name, commit))
    return sorted(found)


def parse_head(output: bytes) -> str | None:
    """The default branch, as `ls-remote --symref … HEAD` shows it."""
    for line in output.decode("utf-8", "replace").splitlines():
        if line.startswith("ref: refs/heads/") and line.endswith("\tHEAD"):
            return line.removeprefix("ref: refs/heads/").removesuffix("\tHEAD")
    return None


def split(text: str) -> tuple[Kind | None, str]:
    """The kind that a full name says, and the bare name; no kind for a bare name."""
    for kind, folder in _FOLDERS.items():
        if text.startswith(folder):
            return kind, text.removeprefix(folder)
    return None, text


def is_short_commit(text: str) -> bool:
    """Whether `text` may be the beginning of a commit's id, or all of it."""
    return bool(_SHORT.fullmatch(text))


def choose(refs: Iterable[Ref], text: str, prefer: Kind | None) -> Ref | None:
    """The ref that `text` names. `prefer` says which one where a branch and a tag share the name;
    without it `Invalid` (`ref-ambiguous`), unless both name one commit."""
    kind, name = split(text)
    found = {ref.kind: ref for ref in refs if ref.name == name and kind in (None, ref.kind)}
    if len(found) < 2:
        return next(iter(found.values()), None)
    branch, tag = found["branch"], found["tag"]
    if prefer is None and branch.commit != tag.commit:
        raise ambiguous(text, [ref.full_name for ref in (branch, tag)])
    return tag if prefer == "tag" else branch


def ambiguous(text: str, meanings: list[str]) -> Invalid:
    return Invalid(
        "ref-ambiguous",
        f"{text} may mean {', or '.join(meanings[:5])}",
        hint=f"Say which one, like {meanings[0]}.",
        ref=text,
        meanings=meanings[:20],
    )
