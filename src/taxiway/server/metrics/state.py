"""What the database says at the moment of a scrape; the same from every server."""

from __future__ import annotations

from collections.abc import Iterator

from prometheus_client import Metric
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from taxiway.server.database import (
    CursorRow,
    Database,
    PublicationRow,
    ReleaseRow,
    RunRow,
    WorkflowRow,
    now,
)

RUN_STATES = ("queued", "running", "success", "failed", "canceled")
RELEASE_STATES = ("preparing", "publishing", "ready", "failed")


class StateCollector(Collector):
    """`is_stalled`: whether the reconciler gets nothing through to Airflow."""

    def __init__(self, database: Database, *, is_stalled: bool) -> None:
        self._database = database
        self._is_stalled = is_stalled

    def collect(self) -> Iterator[Metric]:
        with self._database.reading() as session:
            yield _by_state(session, "taxiway_runs", "Runs on record.", RunRow, RUN_STATES)
            yield _by_state(session, "taxiway_releases", "Releases.", ReleaseRow, RELEASE_STATES)
            alive = select(func.count()).where(WorkflowRow.deleted_at.is_(None))
            yield _gauge("taxiway_workflows", "Workflows.", session.scalar(alive) or 0)
            waiting = select(func.count()).where(PublicationRow.confirmed_at.is_(None))
            yield _gauge(
                "taxiway_publications_unconfirmed",
                "Publications that Airflow was not seen to show yet.",
                session.scalar(waiting) or 0,
            )
            read = session.scalar(select(CursorRow.moment).where(CursorRow.name == "runs"))
        yield _gauge(
            "taxiway_run_mirror_lag_seconds",
            "Age of the newest change of a run that was read from Airflow; it grows while none"
            " changes, too.",
            (now() - read).total_seconds() if read else 0,
        )
        yield _gauge(
            "taxiway_reconciler_stalled",
            "1 while Airflow or the storage does not answer.",
            float(self._is_stalled),
        )


def _gauge(name: str, text: str, value: float) -> Metric:
    return GaugeMetricFamily(name, text, value=value)


def _by_state(
    session: Session,
    name: str,
    text: str,
    table: type[RunRow] | type[ReleaseRow],
    states: tuple[str, ...],
) -> Metric:
    found = {
        row[0]: row[1]
        for row in session.execute(select(table.state, func.count()).group_by(table.state))
    }
    family = GaugeMetricFamily(name, text, labels=("state",))
    for state in states:
        family.add_metric((state,), found.get(state, 0))
    return family
