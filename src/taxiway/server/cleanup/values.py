"""Removing values, artifacts and records that no kept run can have left.

Workers put them, and speak to nobody: what they put, also once more, is new. So what goes is older
than every run that is kept or in progress, and no record of such a run names it.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from datetime import datetime, timedelta

from sqlalchemy import Text, cast, func, or_, select
from sqlalchemy.orm import Session

from taxiway.errors import NotFound
from taxiway.server.cleanup.retention import Retention, kept_now
from taxiway.server.cleanup.sweep import Freed
from taxiway.server.database import RunRow, TaskRunRow, now
from taxiway.server.orchestrator.port import ACTIVE
from taxiway.server.runs.outcomes import folders_in
from taxiway.storage.store import Storage

FOLDERS = ("records", "values")
MARGIN = timedelta(days=1)  # for clocks, and for what a run put before we heard of it
_DIGEST = re.compile(r"[0-9a-f]{64}")
_AT_ONCE = 500  # objects


def oldest_kept(session: Session, policy: Retention) -> datetime:
    """What was put before that moment belongs to no run that is kept or in progress."""
    cutoff = now() - timedelta(days=policy.run_days)
    going_on = select(func.min(RunRow.created_at)).where(
        or_(RunRow.state.in_(ACTIVE), RunRow.id.in_(kept_now(session, "run")))
    )
    oldest = session.scalar(going_on)
    return min(cutoff, oldest or cutoff) - MARGIN


def named(session: Session, storage: Storage, since: datetime) -> set[str]:
    """Whatever looks like a digest in the records of the runs since then, and in the indexes of
    folders that these name."""
    query = (
        select(cast(TaskRunRow.record, Text), TaskRunRow.record_digest)
        .join(RunRow, RunRow.id == TaskRunRow.run_id)
        .where(RunRow.created_at >= since)
    )
    found: set[str] = set()
    for text, digest in session.execute(query.execution_options(yield_per=_AT_ONCE)):
        found.add(digest)
        found.update(_DIGEST.findall(text))
        if '"folder"' in text:
            found.update(_in_folders(text, storage))
    return found


def _in_folders(text: str, storage: Storage) -> Iterator[str]:
    for index in folders_in(json.loads(text)):
        try:
            yield from _DIGEST.findall(storage.get(f"values/{index}").decode("ascii", "replace"))
        except NotFound:
            continue


def sweep_values(
    storage: Storage, live: set[str], before: datetime, *, dry_run: bool
) -> Iterator[tuple[str, Freed]]:
    """Folder by folder, told now and then while it goes on."""
    for folder in FOLDERS:
        freed = Freed()
        for one in storage.objects(folder):
            if one.put_at >= before or one.name.partition(".")[0] in live:
                continue
            if not (dry_run or storage.remove_old(f"{folder}/{one.name}", before)):
                continue
            freed.entries += 1
            freed.bytes += one.bytes
            if freed.entries % _AT_ONCE == 0:
                yield folder, freed
        yield folder, freed
