"""What is recorded of a commit beside the release: author, message, time, what it changed."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from datetime import datetime

import structlog

from taxiway.errors import TaxiwayError
from taxiway.git.browse import reading
from taxiway.git.changed import changed_paths
from taxiway.git.commits import commit_facts
from taxiway.git.files import Files
from taxiway.git.mirror import Mirror

log = structlog.get_logger(__name__)


@dataclass(frozen=True)
class Facts:
    """`files` counts what was added, changed and removed since another commit, where both are
    known here."""

    author: str
    message: str
    committed_at: datetime
    files: dict[str, int] | None = None


def facts_of(made: Files, since: str | None) -> Facts:
    """Of a fetched commit; `since` is counted from if the mirror has that, too."""
    mirror, commit, folder = made.mirror, made.commit, made.folder
    store = mirror.store_of(commit, folder)
    found = mirror.healing(
        commit, lambda: reading(store, lambda repository: commit_facts(repository, commit)), folder
    )
    files = None if since is None else count_files(mirror, since, commit, folder)
    author = f"{found.author} <{found.author_email}>" if found.author_email else found.author
    return Facts(author, found.message, found.committed_at, files)


def count_files(mirror: Mirror, base: str, head: str, folder: str | None) -> dict[str, int] | None:
    """None where the commits are not side by side here: a deploy does not wait for that."""
    try:
        store = mirror.store_of(head, folder)
        if mirror.store_of(base, folder) != store:
            return None
        told = reading(store, lambda repository: changed_paths(repository, base, head, folder))
    except Exception as error:
        if not isinstance(error, TaxiwayError):
            log.warning("files-not-compared", base=base, head=head, reason=repr(error))
        return None
    counts = Counter(told.values())
    return {status: counts[status] for status in ("added", "changed", "removed")}
