"""Many runs with the states of all their tasks, and what one run was sealed with: for pages that
show all of it at once, in one request."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from sqlalchemy.orm import Session

from taxiway.errors import NotFound, Unavailable
from taxiway.release.model import Release
from taxiway.server.database import ReleaseRow, RunRow
from taxiway.server.orchestrator.port import ACTIVE, Orchestrator
from taxiway.server.releases.records import release_of
from taxiway.server.runs import queries
from taxiway.server.runs.listing import WorkflowRunQuery
from taxiway.server.runs.overview_schemas import GridRun, ReleaseTask, RunGrid, SealedTask
from taxiway.workflow.graph import order
from taxiway.workflow.models import Task

# The worst of many elements stands for a mapped task; of what is not here, the first one.
_GRAVITY = (
    "failed",
    "upstream_failed",
    "up_for_retry",
    "running",
    "queued",
    "scheduled",
    "pending",
    "skipped",
    "removed",
    "success",
)


def worst(states: Iterable[str]) -> str:
    """The one that a person has to see."""
    known = {state: rank for rank, state in enumerate(_GRAVITY)}
    return min(states, key=lambda state: known.get(state, len(_GRAVITY)))


def grid(
    session: Session, orchestrator: Orchestrator, asked: WorkflowRunQuery, workflow_id: str
) -> RunGrid:
    """A page of a workflow's runs with the states of their tasks. Airflow is asked for those that
    run, of which there are few; where it does not answer they have no states."""
    found = queries.page(session, asked, workflow_id)
    releases = queries.releases_of(session, found.rows)
    items = [
        _run(row, releases.get(row.release_id or ""), _states(orchestrator, row, releases))
        for row in found.rows
    ]
    newest = next(filter(None, (_sealed(row, releases) for row in found.rows)), None)
    return RunGrid(
        items=items,
        next_cursor=found.next_cursor,
        total=found.total,
        tasks=_names(newest, items),
    )


def sealed_tasks(session: Session, run: RunRow) -> list[SealedTask]:
    """The tasks of a run as its release sealed them, in the order of the graph, with the params
    that this run was given."""
    return [
        SealedTask.model_validate(task.as_dict() | {"params": _params(task.params, run, task.name)})
        for task in _in_order(session.get(ReleaseRow, run.release_id or ""))
    ]


def release_tasks(row: ReleaseRow) -> list[ReleaseTask]:
    """The tasks of a release in the order of the graph, each with what its function takes."""
    functions = row.functions or {}
    return [
        ReleaseTask.model_validate(
            task.as_dict() | {"params_schema": functions.get(task.name, {}).get("schema")}
        )
        for task in _in_order(row)
    ]


def _in_order(row: ReleaseRow | None) -> list[Task]:
    sealed = release_of(row) if row else None
    tasks = {task.name: task for task in sealed.workflow.tasks} if sealed else {}
    return [tasks[name] for name in order({t.name: t.dependencies for t in tasks.values()})]


def _params(declared: dict[str, object], run: RunRow, task: str) -> dict[str, object]:
    return {**declared, **run.params.get(task, {})}


def _states(
    orchestrator: Orchestrator, run: RunRow, releases: dict[str, ReleaseRow]
) -> dict[str, str]:
    if run.tasks is not None:
        return _by_task((record["task"], record["state"]) for record in run.tasks)
    if run.state not in ACTIVE:
        return {}
    try:
        found = orchestrator.tasks(run.dag_id, run.airflow_run_id)
    except NotFound:
        found = []
    except Unavailable:
        return {}
    sealed = _sealed(run, releases)
    waiting = {task.name: "pending" for task in sealed.workflow.tasks} if sealed else {}
    return waiting | _by_task((state.task, state.state) for state in found)


def _by_task(pairs: Iterable[tuple[str, str]]) -> dict[str, str]:
    found: dict[str, list[str]] = {}
    for task, state in pairs:
        found.setdefault(task, []).append(state)
    return {task: worst(states) for task, states in found.items()}


def _run(row: RunRow, release: ReleaseRow | None, states: dict[str, str]) -> GridRun:
    return GridRun(
        id=row.id,
        state=row.state,
        trigger=row.trigger,
        release=release.number if release else None,
        commit=release.commit if release else None,
        logical_date=row.logical_date,
        created_at=row.created_at,
        started_at=row.started_at,
        ended_at=row.ended_at,
        states=states,
    )


def _sealed(row: RunRow, releases: dict[str, ReleaseRow]) -> Release | None:
    release = releases.get(row.release_id or "")
    return release_of(release) if release else None


def _names(newest: Release | None, runs: Sequence[GridRun]) -> list[str]:
    """The tasks of the newest release in the order of its graph, then those that it has not."""
    graph = {task.name: task.dependencies for task in newest.workflow.tasks} if newest else {}
    names = dict.fromkeys(order(graph))
    for run in runs:
        names.update(dict.fromkeys(run.states))
    return list(names)
