"""Commits as people read them: author, time, message. From a store without trees or with them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, timezone
from itertools import islice

import pygit2
from pygit2.enums import SortMode

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class CommitFacts:
    """Times carry the author's own offset from UTC."""

    id: str
    author: str
    author_email: str
    authored_at: datetime
    committed_at: datetime
    subject: str
    message: str
    parents: tuple[str, ...]


def commit_facts(repository: pygit2.Repository, commit: str) -> CommitFacts:
    return _facts(repository[commit].peel(pygit2.Commit))


def ancestors(
    repository: pygit2.Repository, head: str, *, skip: int, limit: int
) -> list[CommitFacts]:
    """The commits that `head` holds, itself first, newest first; after the first `skip`."""
    walker: Iterator[pygit2.Commit] = iter(repository.walk(head, SortMode.TIME))
    return [_facts(commit) for commit in islice(walker, skip, skip + limit)]


def _facts(commit: pygit2.Commit) -> CommitFacts:
    message = _text(commit.raw_message)
    author = commit.author
    return CommitFacts(
        id=str(commit.id),
        author=_text(author.raw_name),
        author_email=_text(author.raw_email),
        authored_at=_moment(author.time, author.offset),
        committed_at=_moment(commit.commit_time, commit.commit_time_offset),
        subject=message.strip().partition("\n")[0],
        message=message,
        parents=tuple(str(parent) for parent in commit.parent_ids),
    )


def _text(raw: bytes) -> str:
    """What is not UTF-8 is Latin-1 in old commits; a NUL is not text."""
    try:
        text = raw.decode()
    except UnicodeDecodeError:
        text = raw.decode("latin-1")
    return text.replace("\0", "")


def _moment(seconds: int, offset: int) -> datetime:
    """A hostile commit may name any moment: what no calendar has is the nearest that one has."""
    try:
        moment = _EPOCH + timedelta(seconds=seconds)
    except OverflowError:
        return datetime.min.replace(tzinfo=UTC) if seconds < 0 else datetime.max.replace(tzinfo=UTC)
    try:
        return moment.astimezone(timezone(timedelta(minutes=offset)))
    except (OverflowError, ValueError):
        return moment
