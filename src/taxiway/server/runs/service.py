"""Starting, following and ending runs."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy.orm import Session

from taxiway.errors import Conflict, Invalid, NotFound, TaxiwayError, Unavailable
from taxiway.server.database import Database, ReleaseRow, RunRow, WorkflowRow, now
from taxiway.server.database.tables import new_id
from taxiway.server.idempotency.current import current_key
from taxiway.server.orchestrator.port import ACTIVE, Orchestrator, TaskState
from taxiway.server.releases.records import release_of
from taxiway.server.request_id import current_request_id
from taxiway.server.runs import queries
from taxiway.server.runs.mirror import RunMirror, airflow_run_id, task_of
from taxiway.server.runs.timings import timed
from taxiway.workflow.graph import order
from taxiway.workflow.names import fits_airflow

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
    logical_date: datetime | None = None,
) -> RunRow:
    """Start a run of `release`, which Airflow shows. The run is on record before Airflow knows."""
    made = _made_before(database, orchestrator, mirror)
    if made is not None:
        return made
    _require_later_than_start(workflow, release, logical_date)
    run = RunRow(
        id=new_id(),
        workflow_id=workflow.id,
        workflow_name=workflow.name,
        dag_id=workflow.dag_id,
        release_id=release.id,
        params=params,
        logical_date=logical_date,
        created_at=now(),
        request_key=current_key(),
    )
    run.airflow_run_id = airflow_run_id(run.id)
    with database.writing() as session:
        session.add(run)
    try:
        state = orchestrator.trigger(
            run.dag_id, run.airflow_run_id, conf=conf_of(params), logical_date=logical_date
        )
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


def _made_before(
    database: Database, orchestrator: Orchestrator, mirror: RunMirror
) -> RunRow | None:
    """The run that this request, which is repeated after its server was killed, had started."""
    key = current_key()
    if key is None:
        return None
    with database.reading() as session:
        run = queries.of_request(session, key)
    if run is None:
        return None
    state = orchestrator.run(run.dag_id, run.airflow_run_id)
    if state is not None:
        return mirror.update(state) or run
    with database.writing() as session:  # the kill came before Airflow knew of it
        session.delete(session.get_one(RunRow, run.id))
    return None


def _give_up(database: Database, orchestrator: Orchestrator, run: RunRow) -> None:
    """Forget a run that could not be started, unless the answer alone was lost."""
    try:
        if orchestrator.run(run.dag_id, run.airflow_run_id) is not None:
            return
    except TaxiwayError:
        pass  # if it did start, the mirror will find it under the same id
    with database.writing() as session:
        session.delete(session.get_one(RunRow, run.id))


def conf_of(params: Mapping[str, Any]) -> dict[str, Any]:
    """The configuration of a run as its tasks read it."""
    asked = {"request_id": current_request_id()} if current_request_id() else {}
    given = {"params": dict(params)} if params else {}
    return {"taxiway": {**given, **asked}} if given or asked else {}


def _require_later_than_start(
    workflow: WorkflowRow, release: ReleaseRow, logical_date: datetime | None
) -> None:
    """Airflow would make a run without any task, and call it a success."""
    sealed = release_of(release)
    start = workflow.schedule_from if workflow.is_active else None
    if sealed is None or sealed.workflow.schedule is None or start is None:
        return
    if logical_date is not None and logical_date < start:
        raise Invalid(
            "logical-date-before-schedule",
            f"{logical_date.isoformat()} is before the schedule of {workflow.name} begins, "
            f"which is at {start.isoformat()}",
            hint="POST /api/v1/workflows/{id}/backfills runs the ticks of the past.",
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
            found = orchestrator.tasks(run.dag_id, run.airflow_run_id)
            states = timed(orchestrator, run.dag_id, run.airflow_run_id, found)
        except NotFound:
            states = [TaskState(name, "pending", 0, None, None, None, None) for name in graph]
    place = {name: number for number, name in enumerate(order(graph))}
    return sorted(states, key=lambda state: place.get(state.task, len(place)))


def require_name(task: str) -> None:
    """What cannot name a task is never made part of an address in Airflow (`..`)."""
    if not fits_airflow(task):
        raise NotFound("task-not-found", f"No task can have the name {task[:100]!r}")


def require_task(session: Session, orchestrator: Orchestrator, run: RunRow, task: str) -> None:
    """`NotFound` (`task-not-found`) unless the run's release has the task, or Airflow."""
    require_name(task)
    release = session.get(ReleaseRow, run.release_id or "")
    sealed = release_of(release) if release else None
    if sealed is None or task not in {known.name for known in sealed.workflow.tasks}:
        task_state(session, orchestrator, run, task)


def element_of(session: Session, run: RunRow, task: str, asked: int | None) -> int:
    """Which element of a task is meant: the first of one that runs for many, where none is named;
    -1 of one that does not."""
    if asked is not None and asked >= 0:
        return asked
    release = session.get(ReleaseRow, run.release_id or "")
    sealed = release_of(release) if release else None
    tasks = sealed.workflow.tasks if sealed else ()
    return 0 if any(known.name == task and known.expand for known in tasks) else -1


def task_state(
    session: Session, orchestrator: Orchestrator, run: RunRow, task: str, element: int = -1
) -> TaskState:
    """One task of a run; `NotFound` (`task-not-found`, `element-not-found`). Before it is known
    how many elements a task runs for, it stands for the first of them."""
    found = task_states(session, orchestrator, run)
    states = {state.map_index: state for state in found if state.task == task}
    names = dict.fromkeys(state.task for state in found)
    if not states:
        raise NotFound(
            "task-not-found",
            f"The run {run.id} has no task {task[:100]}",
            hint=f"It has: {', '.join(names)}." if names else "It has none yet.",
        )
    state = states.get(element) or (states.get(-1) if element <= 0 else None)
    if state is None:
        raise NotFound(
            "element-not-found",
            f"The task {task} of the run {run.id} has no element {element}",
            hint=f"It has those from 0 to {max(states)}." if max(states) >= 0 else "It has none.",
        )
    return state
