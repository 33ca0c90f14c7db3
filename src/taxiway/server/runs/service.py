"""Starting, following and ending runs."""

from __future__ import annotations

from typing import Any

from sqlalchemy.orm import Session

from taxiway.errors import Conflict, Invalid, NotFound, Problem, TaxiwayError, Unavailable
from taxiway.server.database import Database, ReleaseRow, RunRow, WorkflowRow, now
from taxiway.server.database.models import new_id
from taxiway.server.orchestrator.port import ACTIVE, Orchestrator, TaskState
from taxiway.server.releases.records import release_of
from taxiway.server.runs.mirror import RunMirror, airflow_run_id, task_of
from taxiway.workflow.graph import order

Params = dict[str, dict[str, Any]]


def get_run(session: Session, run_id: str) -> RunRow:
    row = session.get(RunRow, run_id)
    if row is None:
        raise NotFound(
            "run-not-found",
            f"There is no run {run_id}",
            hint="GET /api/v1/workflows/{id}/runs lists the runs of a workflow.",
        )
    return row


def current_release(session: Session, workflow: WorkflowRow) -> ReleaseRow:
    """The release that a run started now would execute; `Conflict` before the first deploy."""
    row = session.get(ReleaseRow, workflow.current_release_id or "")
    if row is None or row.digest is None:
        raise Conflict(
            "workflow-not-deployed",
            f"{workflow.name} has not been deployed, so there is nothing to run",
            hint=f"POST /api/v1/workflows/{workflow.id}/deploy first.",
        )
    if row.state == "failed":
        raise Conflict(
            "release-failed",
            f"Release {row.number} of {workflow.name} failed to be published",
            hint="Deploy again.",
        )
    return row


def trigger(
    database: Database,
    orchestrator: Orchestrator,
    mirror: RunMirror,
    workflow: WorkflowRow,
    release: ReleaseRow,
    params: Params,
) -> RunRow:
    """Start a run of `release`, which Airflow shows. The run is on record before Airflow knows."""
    _check_params(release, params)
    run = RunRow(
        id=new_id(),
        workflow_id=workflow.id,
        workflow_name=workflow.name,
        dag_id=workflow.dag_id,
        release_id=release.id,
        params=params,
        created_at=now(),
    )
    run.airflow_run_id = airflow_run_id(run.id)
    with database.writing() as session:
        session.add(run)
    try:
        conf = {"taxiway": {"params": params}} if params else {}
        state = orchestrator.trigger(run.dag_id, run.airflow_run_id, conf=conf)
    except TaxiwayError as error:
        _give_up(database, orchestrator, run)
        if isinstance(error, NotFound):
            raise Unavailable(
                "airflow-behind",
                f"Airflow does not show {workflow.dag_id} at the moment",
                hint="It may be restarting; try again in a moment.",
            ) from error
        raise
    return mirror.update(state) or run


def _give_up(database: Database, orchestrator: Orchestrator, run: RunRow) -> None:
    """Forget a run that could not be started, unless the answer alone was lost."""
    try:
        if orchestrator.run(run.dag_id, run.airflow_run_id) is not None:
            return
    except TaxiwayError:
        pass  # if it did start, the mirror will find it under the same id
    with database.writing() as session:
        session.delete(session.get_one(RunRow, run.id))


def _check_params(row: ReleaseRow, params: Params) -> None:
    release = release_of(row)
    known = {task.name for task in release.workflow.tasks} if release else set()
    problems = [
        Problem(
            "task-not-found",
            f"The release has no task {name}",
            f"/params/{name}",
            f"It has: {', '.join(sorted(known))}.",
        )
        for name in params
        if name not in known
    ]
    if problems:
        raise Invalid(
            "params-refused",
            "Params were given for tasks that the release does not have",
            hint=problems[0].hint,
            problems=problems,
        )


def cancel(
    database: Database, orchestrator: Orchestrator, mirror: RunMirror, run_id: str
) -> RunRow:
    """Ask Airflow to stop the run. `Conflict` when it has ended."""
    with database.reading() as session:
        run = get_run(session, run_id)
    if run.state in ACTIVE:  # by our record: Airflow would turn a success into a failure
        run = mirror.refresh(run)
    with database.writing() as session:
        run = get_run(session, run_id)
        if run.state not in ACTIVE:
            raise Conflict(
                "run-ended",
                f"The run {run_id} has ended already: {run.state}",
                hint="There is nothing left to cancel.",
            )
        # On record first: Airflow has no 'canceled', and would say 'failed'.
        run.cancel_requested_at = now()
    orchestrator.cancel(run.dag_id, run.airflow_run_id)
    return mirror.refresh(run)


def task_states(session: Session, orchestrator: Orchestrator, run: RunRow) -> list[TaskState]:
    """The tasks of a run in the order of its graph: from our record when it has ended, and of a
    run that Airflow does not know any more, what the release says."""
    release = session.get(ReleaseRow, run.release_id or "")
    sealed = release_of(release) if release else None
    graph = {t.name: t.dependencies for t in sealed.workflow.tasks} if sealed else {}
    if run.tasks is not None:
        states = [task_of(record) for record in run.tasks]
    else:
        try:
            states = list(orchestrator.tasks(run.dag_id, run.airflow_run_id))
        except NotFound:
            states = [TaskState(name, "pending", 0, None, None, None, None) for name in graph]
    place = {name: number for number, name in enumerate(order(graph))}
    return sorted(states, key=lambda state: place.get(state.task, len(place)))


def task_state(session: Session, orchestrator: Orchestrator, run: RunRow, task: str) -> TaskState:
    """One task of a run; `NotFound` (`task-not-found`)."""
    states = {state.task: state for state in task_states(session, orchestrator, run)}
    if task not in states:
        raise NotFound(
            "task-not-found",
            f"The run {run.id} has no task {task[:100]}",
            hint=f"It has: {', '.join(states)}." if states else "It has none yet.",
        )
    return states[task]
