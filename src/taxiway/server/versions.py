"""Versions of what can be edited, as ETags, so that no edit is lost under another one.

An ETag holds one short hash for each field that can be edited, and one of all the rest. So the
server needs no history to say which fields differ from what the client has seen, and an edit is
refused only for what it could write over: a deploy or the passing of time is no conflict.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Any

from fastapi import Header, Response

from taxiway.errors import Conflict

_WIDTH = 8
_LONG = 16

IfMatch = Annotated[
    str | None,
    Header(
        alias="If-Match",
        description="The `ETag` that was read: 412 when somebody else edited it since.",
        max_length=8000,
    ),
]
IfNoneMatch = Annotated[
    str | None,
    Header(
        alias="If-None-Match",
        description="The `ETag` that is known: 304 without a body when nothing differs.",
        max_length=8000,
    ),
]
NOT_MODIFIED: dict[int | str, dict[str, Any]] = {
    304: {"description": "It is as `If-None-Match` says."}
}


@dataclass(frozen=True)
class Version:
    """One state of one thing. `edited_at` and `edited_by` are of the last edit."""

    subject: str
    fields: Mapping[str, str]
    rest: str
    edited_at: datetime | None
    edited_by: str | None

    @property
    def etag(self) -> str:
        hashes = "".join(self.fields[name] for name in sorted(self.fields))
        return f'"{self._names()}-{self.rest}-{hashes}"'

    def _names(self) -> str:
        return _hash(sorted(self.fields), _WIDTH)

    def differs(self, etag: str) -> set[str] | None:
        """The fields that are not as in `etag`; None when that is none of this thing's."""
        names, _, rest = etag.strip('"').partition("-")
        hashes = rest.partition("-")[2]
        ordered = sorted(self.fields)
        if names != self._names() or len(hashes) != _WIDTH * len(ordered):
            return None
        seen = (hashes[start : start + _WIDTH] for start in range(0, len(hashes), _WIDTH))
        return {name for name, old in zip(ordered, seen, strict=True) if old != self.fields[name]}

    def put(self, response: Response) -> None:
        response.headers["ETag"] = self.etag

    def is_known(self, if_none_match: str | None) -> bool:
        """Whether the client has this very representation."""
        known = _listed(if_none_match or "")
        return "*" in known or self.etag in {etag.removeprefix("W/") for etag in known}

    def require(self, if_match: str | None, names: Collection[str] = ()) -> None:
        """`Conflict` (`edit-conflict`) when one of `names`, or anything, was edited since."""
        if if_match is None or "*" in _listed(if_match):
            return
        scope = set(names or self.fields)
        found = [self.differs(etag) for etag in _listed(if_match) if not etag.startswith("W/")]
        known = [fields & scope for fields in found if fields is not None]
        if any(not fields for fields in known):
            return
        raise self._conflict(min((sorted(fields) for fields in known), key=len, default=None))

    def _conflict(self, fields: list[str] | None) -> Conflict:
        when = f" at {self.edited_at.isoformat(timespec='seconds')}" if self.edited_at else ""
        who = f" by {self.edited_by}" if self.edited_by else ""
        what = ", ".join(fields) if fields else "the given ETag is none of its present schema"
        return Conflict(
            "edit-conflict",
            f"{self.subject} was changed{when}{who}: {what}",
            hint="Read it again, put your change on top, and send it with the new ETag.",
            changed_fields=fields or [],
            changed_at=self.edited_at.isoformat() if self.edited_at else None,
            changed_by=self.edited_by,
            current_etag=self.etag,
        )


def unless_known(
    version: Version, if_none_match: str | None, response: Response
) -> Response | None:
    """304 where the client has this representation already; else `response` gets its ETag."""
    version.put(response)
    if version.is_known(if_none_match):
        return Response(status_code=304, headers=dict(response.headers))
    return None


def version_of(
    subject: str,
    declared: Mapping[str, Any],
    rest: Any,
    *,
    edited_at: datetime | None,
    edited_by: str | None,
) -> Version:
    """The version of something with these fields that can be edited, and these that cannot."""
    return Version(
        subject,
        {name: _hash(value, _WIDTH) for name, value in declared.items()},
        _hash(rest, _LONG),
        edited_at,
        edited_by,
    )


def _hash(value: Any, width: int) -> str:
    text = json.dumps(value, sort_keys=True, default=str)
    return hashlib.sha256(text.encode()).hexdigest()[:width]


def _listed(header: str) -> list[str]:
    return [etag.strip() for etag in header.split(",") if etag.strip()]
