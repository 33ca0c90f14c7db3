"""Running what failed again, and all that follows it."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from taxiway.errors import Conflict, Invalid, NotFound, Problem
from taxiway.server.cleanup import lease
from taxiway.server.cleanup.retention import keep
from taxiway.server.cleanup.values import MARGIN
from taxiway.server.database import Database, ReleaseRow, RunRow, now
from taxiway.server.orchestrator.port import ACTIVE, Orchestrator, TaskState
from taxiway.server.publishing.publications import lock_workflow
from taxiway.server.releases.records import release_of
from taxiway.server.releases.rollback import require_whole
from taxiway.server.runs import service
from taxiway.server.runs.mirror import RunMirror
from taxiway.server.runs.outcomes import without_values
from taxiway.storage.store import Storage
from taxiway.workflow.graph import Graph, following

FAILED = ("failed", "upstream_failed")


def retry(
    database: Database,
    orchestrator: Orchestrator,
    mirror: RunMirror,
    storage: Storage,
    run_id: str,
    picked: Sequence[str] | None,
) -> RunRow:
    """Run the tasks that failed again, or those that are picked, and all that follows them.

    The run keeps its release. `Conflict` (`run-active`, `nothing-failed`, `run-forgotten`,
    `release-removed`, `run-values-removed`, `cleanup-waits`), `Invalid` (`task-not-found`).
    """
    with database.reading() as session:
        run = service.get_run(session, run_id)
        release = session.get(ReleaseRow, run.release_id or "")
    run = mirror.refresh(run)
    _require_failed(run)
    _keep(database, run.id)
    sealed = release_of(release) if release else None
    graph = {task.name: task.dependencies for task in sealed.workflow.tasks} if sealed else {}
    try:
        states = orchestrator.tasks(run.dag_id, run.airflow_run_id)
        known = [state.task for state in states] or list(graph)
        chosen = _picked(run, picked, known) if picked else _failed(run, states)
        again = _with_following(graph, chosen, known)
        if _may_lack_values(run):
            _require_values(database, storage, run, again)
        orchestrator.retry(run.dag_id, run.airflow_run_id, again)
    except NotFound as error:
        raise Conflict(
            "run-forgotten",
            f"Airflow has removed the run {run.id} from its history, so it cannot go on",
            hint="Start a new run.",
        ) from error
    return mirror.refresh(run)


def _keep(database: Database, run_id: str) -> None:
    """Keep a clean-up from the run's release and values until the run is in progress by our
    record, too; `Conflict` (`release-removed`, `cleanup-waits`) where it came first."""
    with database.writing() as session:
        run = service.get_run(session, run_id)
        workflow = lock_workflow(session, run.workflow_id)
        release = session.get(ReleaseRow, run.release_id or "", populate_existing=True)
        if release is not None:
            require_whole(release, workflow)
            keep(session, "release", release.id)
        if _may_lack_values(run) and lease.is_taken(session):
            raise Conflict(
                "cleanup-waits",
                "A clean-up goes on, which may take values that the run needs",
                hint="Try again when it has ended.",
            )
        keep(session, "run", run.id)


def _may_lack_values(run: RunRow) -> bool:
    """Clean-ups leave the values of younger runs alone."""
    return run.created_at < now() - MARGIN


def _require_values(
    database: Database, storage: Storage, run: RunRow, again: Collection[str]
) -> None:
    """What the tasks that do not run again returned is still there."""
    with database.reading() as session:
        lacking = without_values(session, storage, run, again)
    if lacking:
        raise Conflict(
            "run-values-removed",
            f"The run {run.id} is so old that what {', '.join(lacking)} returned was removed",
            hint="Start a new run, or retry those tasks too.",
            tasks=lacking,
        )


def _require_failed(run: RunRow) -> None:
    if run.state in ACTIVE:
        raise Conflict(
            "run-active",
            f"The run {run.id} is in progress: {run.state}",
            hint="Wait for its end, or cancel it first.",
        )
    if run.state == "success":
        raise _nothing_failed(run)


def _failed(run: RunRow, states: Sequence[TaskState]) -> list[str]:
    """After a cancel also what it kept from beginning: Airflow calls that skipped."""
    canceled = run.state == "canceled"
    again = [s.task for s in states if s.state in FAILED or (canceled and s.state != "success")]
    if not again:
        raise _nothing_failed(run)
    return again


def _picked(run: RunRow, picked: Sequence[str], known: Collection[str]) -> list[str]:
    problems = [
        Problem(
            "task-not-found",
            f"The run has no task {name[:100]}",
            f"/tasks/{place}",
            f"It has: {', '.join(known)}.",
        )
        for place, name in enumerate(picked)
        if name not in known
    ]
    if problems:
        first = problems[0]
        raise Invalid(first.code, first.message, hint=first.hint, problems=problems)
    return list(dict.fromkeys(picked))


def _with_following(graph: Graph, chosen: Sequence[str], known: Collection[str]) -> list[str]:
    after = following(graph, chosen)
    return [*chosen, *(name for name in after if name in known and name not in chosen)]


def _nothing_failed(run: RunRow) -> Conflict:
    return Conflict(
        "nothing-failed",
        f"No task of the run {run.id} failed: it ended as {run.state}",
        hint="Start a new run.",
    )
