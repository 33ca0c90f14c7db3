"""The record of keys: who carries a request out, and how it was answered.

A server that works on a request holds a lease on its key, and renews it; after a kill the lease
ends, and the next repetition takes the request up.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy import delete, update
from sqlalchemy.exc import IntegrityError

from taxiway.errors import Conflict, Invalid
from taxiway.server.database import Database, RequestRow, now

KEPT = timedelta(hours=48)
LEASE = timedelta(seconds=20)


@dataclass(frozen=True)
class Answer:
    """What was answered, as far as it is said again."""

    status: int
    headers: dict[str, str]
    body: str


def take(database: Database, key: str, fingerprint: str) -> Answer | None:
    """The recorded answer; None when the caller shall carry the request out, and `settle` it.

    `Invalid` (`idempotency-key-reused`) when the key stands for another request, `Conflict`
    (`request-in-progress`) while somebody works on it.
    """
    moment = now()
    try:
        with database.writing() as session:
            session.execute(delete(RequestRow).where(RequestRow.created_at < moment - KEPT))
            session.add(
                RequestRow(
                    key=key, fingerprint=fingerprint, leased_until=moment + LEASE, headers={}
                )
            )
        return None
    except IntegrityError:
        pass
    with database.writing() as session:
        row = session.get(RequestRow, key, with_for_update=True)
        if row is not None and row.fingerprint != fingerprint:
            raise _reused(key)
        if row is not None and row.status is not None:
            return Answer(row.status, dict(row.headers), row.body or "")
        if row is None or row.leased_until > moment:
            raise _in_progress(key)
        row.leased_until = moment + LEASE
    return None


def renew(database: Database, key: str) -> None:
    with database.writing() as session:
        session.execute(
            update(RequestRow).where(RequestRow.key == key).values(leased_until=now() + LEASE)
        )


def settle(database: Database, key: str, answer: Answer | None) -> None:
    """Keep the answer; without one, forget the key, so that a repetition is a new attempt."""
    with database.writing() as session:
        row = session.get(RequestRow, key, with_for_update=True)
        if row is None:
            return
        if answer is None:
            session.delete(row)
        else:
            row.status, row.headers, row.body = answer.status, answer.headers, answer.body


def _reused(key: str) -> Invalid:
    return Invalid(
        "idempotency-key-reused",
        f"The Idempotency-Key {key[:100]!r} was used for another request",
        hint="Use a new key for each new request; repeat a request unchanged.",
    )


def _in_progress(key: str) -> Conflict:
    return Conflict(
        "request-in-progress",
        f"The request with the Idempotency-Key {key[:100]!r} is still being carried out",
        hint="Repeat it in some seconds: you will get its answer.",
    )
