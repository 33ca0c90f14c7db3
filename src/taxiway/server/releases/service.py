"""Starting a deploy, and reading what deploys made."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from sqlalchemy.orm import Session

from taxiway.errors import Invalid, NotFound
from taxiway.server.audit.record import current_user
from taxiway.server.database import ReleaseRow, TaskRow, WorkflowRow
from taxiway.server.idempotency.current import current_key
from taxiway.server.releases import history, holds, queries
from taxiway.server.releases.orders import DeployOrder
from taxiway.server.releases.prepare import Order
from taxiway.server.releases.records import order_to_json
from taxiway.server.request_id import current_request_id
from taxiway.server.workflows.values import workflow_value
from taxiway.workflow.graph import find_cycle
from taxiway.workflow.models import Workflow
from taxiway.workflow.schedule import check_schedule, check_timezone

PUSHER = "taxiway:push"  # who deploys what was pushed


def start_deploy(
    session: Session,
    row: WorkflowRow,
    tasks: Sequence[TaskRow],
    asked: DeployOrder | None = None,
    *,
    upgrade: bool = False,
) -> ReleaseRow:
    """Record, in this transaction, that the workflow as it stands now shall be deployed.

    What can be refused without the network is refused here, before a number is given out.
    """
    made = queries.of_request(session, row.id, current_key())
    if made is not None:  # the request is repeated after its server was killed
        return made
    asked = asked or DeployOrder()
    if asked.resume:
        holds.resume(session, row)
    holds.require_not_held(session, row)
    order = replace(
        order_for(row, tasks),
        upgrade=upgrade,
        ref=asked.ref,
        allow_unreachable=asked.allow_unreachable,
    )
    release = ReleaseRow(
        request_key=current_key(),
        message=asked.message,
        deployed_by=current_user(),
        request_id=current_request_id() or None,
    )
    return _start(session, row, tasks, order, release)


def start_push(
    session: Session, row: WorkflowRow, tasks: Sequence[TaskRow], head: str
) -> ReleaseRow:
    """The same, because the branch was seen at `head`: that commit is taken, without a look."""
    order = replace(order_for(row, tasks), head=head)
    message = f"{row.git_branch} was pushed to {head[:12]}"
    release = ReleaseRow(message=message, deployed_by=PUSHER, cause="push")
    return _start(session, row, tasks, order, release)


def _start(
    session: Session,
    row: WorkflowRow,
    tasks: Sequence[TaskRow],
    order: Order,
    release: ReleaseRow,
) -> ReleaseRow:
    _require_deployable(row, tasks)
    workflow = order.workflow
    _check(workflow)
    release.workflow_id = row.id
    release.number = queries.next_number(session, row.id)
    release.git_repository = workflow.git_repository
    release.git_branch = workflow.git_branch if workflow.git_repository else None
    release.sealed = order_to_json(order)
    release.declared_at = row.edited_at
    session.add(release)
    session.flush()
    told = {"ref": order.ref, "allow_unreachable": order.allow_unreachable}
    history.asked(session, row, release, told)
    return release


def order_for(row: WorkflowRow, tasks: Sequence[TaskRow]) -> Order:
    """What a deploy of the workflow as it stands now would seal."""
    pinned = row.git_commit_sha if row.git_update_policy == "pinned" else None
    return Order(row.id, workflow_value(row, tasks), pinned)


def _require_deployable(row: WorkflowRow, tasks: Sequence[TaskRow]) -> None:
    if not tasks:
        raise Invalid(
            "workflow-has-no-tasks",
            f"{row.name} has no tasks, so there is nothing to deploy",
            hint="Create a task with POST /api/v1/tasks/.",
        )
    if row.git_auth_type != "none" and row.git_credential_id is None:
        raise Invalid(
            "credential-required",
            f"{row.name} has git_auth_type {row.git_auth_type!r}, and no credential",
            hint="Name one in git_credential_id, or set git_auth_type to none.",
        )
    git_tasks = [task.name for task in tasks if task.script_path is not None]
    if git_tasks and row.git_repository is None:
        raise Invalid(
            "repository-missing",
            f"{row.name} has no git_repository, but these tasks run from one: "
            + ", ".join(git_tasks),
            hint="Set git_repository on the workflow, or use python_callable.",
        )


def _check(workflow: Workflow) -> None:
    """What is refused when it is written, but may have come from an older database."""
    cycle = find_cycle({task.name: task.dependencies for task in workflow.tasks})
    if cycle:
        raise Invalid(
            "dependency-cycle",
            f"The tasks of {workflow.name} wait for each other: {' → '.join(cycle)}",
            hint="Take one of these dependencies out.",
        )
    check_timezone(workflow.timezone)
    if workflow.schedule is not None:
        check_schedule(workflow.schedule)


def get_release(session: Session, workflow_id: str, number: int) -> ReleaseRow:
    row = queries.by_number(session, workflow_id, number)
    if row is None:
        raise release_not_found(workflow_id, number)
    return row


def release_not_found(workflow_id: str, number: int) -> NotFound:
    return NotFound(
        "release-not-found",
        f"The workflow {workflow_id} has no release {number}",
        hint="GET /api/v1/workflows/{id}/releases lists them.",
    )
