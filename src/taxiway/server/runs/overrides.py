"""Whether the params that a run is given fit its tasks: known before anything starts."""

from __future__ import annotations

from typing import Any

from sqlalchemy import select

from taxiway.errors import Invalid
from taxiway.release.findings import Finding
from taxiway.release.trigger import check_run, functions_from_json
from taxiway.server.database import Database, ReleaseRow
from taxiway.server.releases.records import release_of

Params = dict[str, dict[str, Any]]


def require_fit(database: Database, row: ReleaseRow, params: Params) -> None:
    """`Invalid` with the place of each misfit: params that are unknown, missing, or of another
    type. What the release's functions take was recorded by its deploy; nothing is read anew."""
    release = release_of(row)
    if release is None:
        return
    with database.reading() as session:
        stored = session.scalar(select(ReleaseRow.functions).where(ReleaseRow.id == row.id))
    _refuse(check_run(release.workflow, functions_from_json(stored), params))


def _refuse(findings: list[Finding]) -> None:
    if not findings:
        return
    first = findings[0]
    problems = [finding.as_problem() for finding in findings]
    if len(findings) == 1 and first.code.startswith("param-"):
        raise Invalid(first.code, first.message, hint=first.hint, problems=problems)
    raise Invalid(
        "params-refused",
        f"The params of the run do not fit the release: {first.message}",
        hint=first.hint,
        problems=problems,
    )
