"""What a remote shows now: its branches, its tags, and which branch is the default.

Looks that are asked for at the same time are one look. What was seen on another machine is good
for a moment, because a page of the UI asks several times; one on this machine costs nothing.
"""

from __future__ import annotations

import threading
import time
from collections import OrderedDict
from dataclasses import dataclass

from taxiway.errors import NotFound
from taxiway.git import refs as names
from taxiway.git.mirror import Mirror
from taxiway.git.refs import Ref, Resolved

GOOD_SECONDS = 2.0
_KEPT = 256


@dataclass(frozen=True)
class Look:
    """`began`: on the monotonic clock; what was pushed before then is seen."""

    refs: tuple[Ref, ...]
    default_branch: str | None
    began: float


class Looks:
    """One per server process."""

    def __init__(self) -> None:
        self._guard = threading.Lock()
        self._last: OrderedDict[str, Look] = OrderedDict()
        self._turns: dict[str, threading.Lock] = {}

    def look(self, mirror: Mirror, *, now: bool = False) -> Look:
        """`now` accepts nothing that was seen before this call."""
        asked = time.monotonic()
        oldest = asked if now or mirror.url.scheme == "file" else asked - GOOD_SECONDS
        with self._guard:
            turn = self._turns.setdefault(mirror.key, threading.Lock())
        with turn:
            last = self._last.get(mirror.key)
            if last is not None and last.began >= oldest:
                return last
            began = time.monotonic()
            seen = Look(tuple(mirror.refs()), mirror.default_branch(), began)
            with self._guard:
                self._last[mirror.key] = seen
                self._last.move_to_end(mirror.key)
                while len(self._last) > _KEPT:
                    self._turns.pop(self._last.popitem(last=False)[0], None)
            return seen

    def resolve(self, mirror: Mirror, text: str | None) -> Resolved:
        """What a user's text means; the default branch without one. `NotFound` (`ref-not-found`,
        `repository-empty`), `Invalid` (`ref-ambiguous`)."""
        if text is not None and len(text) == 40 and names.is_short_commit(text):
            return Resolved(text.lower())
        seen = self.look(mirror)
        if text is None:
            return _default(mirror, seen)
        found = names.choose(seen.refs, text, "branch")
        if found is not None:
            return Resolved(found.commit, found.full_name)
        return mirror.resolve_ref(text)


def _default(mirror: Mirror, seen: Look) -> Resolved:
    for ref in seen.refs:
        if ref.kind == "branch" and ref.name == seen.default_branch:
            return Resolved(ref.commit, ref.full_name)
    raise NotFound(
        "repository-empty" if not seen.refs else "ref-not-found",
        f"{mirror.url} has no default branch",
        hint="Push a commit to it first." if not seen.refs else "Name a branch as ref.",
    )
