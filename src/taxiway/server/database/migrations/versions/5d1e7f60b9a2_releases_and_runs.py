"""Releases, publications and runs; a DAG id for every workflow, and what tasks were lacking."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from alembic import op

from taxiway.workflow.names import dag_id_of

revision = "5d1e7f60b9a2"
down_revision = "2a3cef5e97c1"
branch_labels = None
depends_on = None

MOMENT = sa.DateTime(timezone=True)
FALSE = sa.text("false")


def upgrade() -> None:
    _extend_workflows()
    _extend_tasks()
    _fill_dag_ids()
    _fill_dependencies()
    with op.batch_alter_table("workflows") as table:
        table.alter_column("dag_id", existing_type=sa.String(250), nullable=False)
    alive = sa.text("deleted_at IS NULL")
    op.create_index(
        "uq_workflows_dag_id",
        "workflows",
        ["dag_id"],
        unique=True,
        sqlite_where=alive,
        postgresql_where=alive,
    )
    op.create_index("ix_workflows_name_id", "workflows", ["name", "id"])
    op.create_index(
        "ix_tasks_workflow_id_created_at_id", "tasks", ["workflow_id", "created_at", "id"]
    )
    op.create_index("ix_tasks_created_at_id", "tasks", ["created_at", "id"])
    _create_releases()
    _create_publications()
    _create_runs()


def _extend_workflows() -> None:
    with op.batch_alter_table("workflows") as table:
        for column in (
            sa.Column("dag_id", sa.String(250)),
            sa.Column("timezone", sa.String(64), nullable=False, server_default="UTC"),
            sa.Column("catchup", sa.Boolean, nullable=False, server_default=FALSE),
            sa.Column("max_active_runs", sa.Integer, nullable=False, server_default="1"),
            sa.Column(
                "git_update_policy", sa.String(20), nullable=False, server_default="on_deploy"
            ),
            sa.Column("requirements", sa.Text),
            sa.Column("env", sa.JSON, nullable=False, server_default="{}"),
            sa.Column("schedule_from", MOMENT),
            sa.Column("held", sa.Boolean, nullable=False, server_default=FALSE),
            sa.Column("current_release_id", sa.String(36)),
            sa.Column("deleted_at", MOMENT),
        ):
            table.add_column(column)


def _extend_tasks() -> None:
    op.execute("UPDATE tasks SET retry_count = 0 WHERE retry_count IS NULL")
    op.execute("UPDATE tasks SET retry_delay = 300 WHERE retry_delay IS NULL")
    op.execute("UPDATE tasks SET python_callable = NULL WHERE python_callable = ''")
    _rename_duplicates()
    tasks = sa.table("tasks", sa.column("params", sa.JSON), sa.column("dependencies", sa.JSON))
    connection = op.get_bind()
    for column, empty in ((tasks.c.params, {}), (tasks.c.dependencies, [])):
        nothing = sa.or_(column.is_(sa.null()), sa.cast(column, sa.Text) == "null")
        connection.execute(sa.update(tasks).where(nothing).values({column.name: empty}))
    with op.batch_alter_table("tasks") as table:
        for column in (
            sa.Column("timeout", sa.Integer),
            sa.Column("trigger_rule", sa.String(50), nullable=False, server_default="all_success"),
            sa.Column("pool", sa.String(255)),
            sa.Column("pool_slots", sa.Integer, nullable=False, server_default="1"),
            sa.Column("queue", sa.String(255)),
            sa.Column("env", sa.JSON, nullable=False, server_default="{}"),
        ):
            table.add_column(column)
        table.alter_column("params", existing_type=sa.JSON, nullable=False)
        table.alter_column("dependencies", existing_type=sa.JSON, nullable=False)
        table.alter_column("retry_count", existing_type=sa.Integer, nullable=False)
        table.alter_column("retry_delay", existing_type=sa.Integer, nullable=False)
        table.create_unique_constraint("uq_tasks_workflow_id_name", ["workflow_id", "name"])


def _fill_dag_ids() -> None:
    workflows = sa.table(
        "workflows",
        sa.column("id", sa.String),
        sa.column("name", sa.String),
        sa.column("dag_id", sa.String),
        sa.column("created_at", MOMENT),
    )
    connection = op.get_bind()
    taken: set[str] = set()
    rows = connection.execute(
        sa.select(workflows.c.id, workflows.c.name).order_by(workflows.c.created_at, workflows.c.id)
    ).all()
    for row in rows:
        dag_id = _free(dag_id_of(row.name), taken)
        taken.add(dag_id)
        connection.execute(
            sa.update(workflows).where(workflows.c.id == row.id).values(dag_id=dag_id)
        )


def _rename_duplicates() -> None:
    """Tasks of one workflow that share a name: the older one keeps it."""
    tasks = sa.table(
        "tasks",
        sa.column("id", sa.String),
        sa.column("workflow_id", sa.String),
        sa.column("name", sa.String),
        sa.column("created_at", MOMENT),
    )
    connection = op.get_bind()
    rows = connection.execute(
        sa.select(tasks.c.id, tasks.c.workflow_id, tasks.c.name).order_by(
            tasks.c.created_at, tasks.c.id
        )
    ).all()
    taken: dict[str, set[str]] = {}
    names = {(row.workflow_id, row.name) for row in rows}
    for row in rows:
        mine = taken.setdefault(row.workflow_id, set())
        name = row.name
        if name in mine:
            others = {other for workflow, other in names if workflow == row.workflow_id}
            name = _free(name, mine | others)
            connection.execute(sa.update(tasks).where(tasks.c.id == row.id).values(name=name))
        mine.add(name)


def _free(wanted: str, taken: set[str]) -> str:
    name, number = wanted, 2
    while name in taken:
        name, number = f"{wanted[:240]}_{number}", number + 1
    return name


def _fill_dependencies() -> None:
    """Names become ids, so that a task can be renamed; what names no task stays as it is."""
    tasks = sa.table(
        "tasks",
        sa.column("id", sa.String),
        sa.column("workflow_id", sa.String),
        sa.column("name", sa.String),
        sa.column("dependencies", sa.JSON),
    )
    connection = op.get_bind()
    rows = connection.execute(sa.select(tasks)).all()
    ids: dict[tuple[str, str], str] = {(row.workflow_id, row.name): row.id for row in rows}
    for row in rows:
        given: list[Any] = row.dependencies or []
        found = [ids.get((row.workflow_id, name), name) for name in given]
        if found != given:
            connection.execute(
                sa.update(tasks).where(tasks.c.id == row.id).values(dependencies=found)
            )


def _create_releases() -> None:
    op.create_table(
        "releases",
        sa.Column("id", sa.String(36), primary_key=True),
        sa.Column("workflow_id", sa.String(36), nullable=False),
        sa.Column("number", sa.Integer, nullable=False),
        sa.Column("state", sa.String(20), nullable=False),
        sa.Column("digest", sa.String(64)),
        sa.Column("commit", sa.String(64)),
        sa.Column("tree", sa.String(64)),
        sa.Column("git_repository", sa.String(500)),
        sa.Column("git_branch", sa.String(255)),
        sa.Column("lock", sa.String(64)),
        sa.Column("dag_digest", sa.String(64)),
        sa.Column("tag", sa.String(100)),
        sa.Column("generation", sa.Integer),
        sa.Column("notes", sa.JSON, nullable=False, server_default="[]"),
        sa.Column("error", sa.JSON),
        sa.Column("sealed", sa.Text),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.Column("ready_at", MOMENT),
        sa.ForeignKeyConstraint(["workflow_id"], ["workflows.id"], name="fk_releases_workflow_id"),
        sa.UniqueConstraint("workflow_id", "number", name="uq_releases_workflow_id_number"),
    )
    op.create_index("ix_releases_digest", "releases", ["digest"])
    op.create_index("ix_releases_state", "releases", ["state"])


def _create_publications() -> None:
    op.create_table(
        "generations",
        sa.Column("number", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("created_at", MOMENT, nullable=False),
    )
    op.create_table(
        "publications",
        sa.Column("id", sa.String(36), primary_key=True),
        sa.Column("generation", sa.Integer, nullable=False),
        sa.Column("workflow_id", sa.String(36), nullable=False),
        sa.Column("dag_id", sa.String(250), nullable=False),
        sa.Column("shard", sa.String(2), nullable=False),
        sa.Column("release_id", sa.String(36)),
        sa.Column("dag_digest", sa.String(64)),
        sa.Column("release_digest", sa.String(64)),
        sa.Column("tag", sa.String(100)),
        sa.ForeignKeyConstraint(
            ["generation"], ["generations.number"], name="fk_publications_generation"
        ),
        sa.ForeignKeyConstraint(
            ["workflow_id"], ["workflows.id"], name="fk_publications_workflow_id"
        ),
        sa.ForeignKeyConstraint(["release_id"], ["releases.id"], name="fk_publications_release_id"),
    )
    for columns in (
        ["generation", "shard"],
        ["shard", "dag_id", "generation"],
        ["workflow_id", "generation"],
    ):
        op.create_index(f"ix_publications_{'_'.join(columns)}", "publications", columns)


def _create_runs() -> None:
    op.create_table(
        "runs",
        sa.Column("id", sa.String(36), primary_key=True),
        sa.Column("workflow_id", sa.String(36), nullable=False),
        sa.Column("workflow_name", sa.String(255), nullable=False),
        sa.Column("dag_id", sa.String(250), nullable=False),
        sa.Column("airflow_run_id", sa.String(250), nullable=False),
        sa.Column("release_id", sa.String(36)),
        sa.Column("state", sa.String(20), nullable=False),
        sa.Column("trigger", sa.String(20), nullable=False),
        sa.Column("params", sa.JSON, nullable=False, server_default="{}"),
        sa.Column("logical_date", MOMENT),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.Column("started_at", MOMENT),
        sa.Column("ended_at", MOMENT),
        sa.Column("cancel_requested_at", MOMENT),
        sa.ForeignKeyConstraint(["workflow_id"], ["workflows.id"], name="fk_runs_workflow_id"),
        sa.ForeignKeyConstraint(["release_id"], ["releases.id"], name="fk_runs_release_id"),
        sa.UniqueConstraint("dag_id", "airflow_run_id", name="uq_runs_dag_id_airflow_run_id"),
    )
    for columns in (
        ["workflow_id", "created_at", "id"],
        ["created_at", "id"],
        ["state", "workflow_id"],
    ):
        op.create_index(f"ix_runs_{'_'.join(columns)}", "runs", columns)


def downgrade() -> None:
    for table in ("runs", "publications", "generations", "releases"):
        op.drop_table(table)
    op.drop_index("ix_tasks_created_at_id", "tasks")
    op.drop_index("ix_tasks_workflow_id_created_at_id", "tasks")
    op.drop_index("ix_workflows_name_id", "workflows")
    op.drop_index("uq_workflows_dag_id", "workflows")
    with op.batch_alter_table("tasks") as tasks:
        tasks.drop_constraint("uq_tasks_workflow_id_name", type_="unique")
        for name in ("timeout", "trigger_rule", "pool", "pool_slots", "queue", "env"):
            tasks.drop_column(name)
    with op.batch_alter_table("workflows") as workflows:
        for name in [
            "dag_id",
            "timezone",
            "catchup",
            "max_active_runs",
            "git_update_policy",
            "requirements",
            "env",
            "schedule_from",
            "held",
            "current_release_id",
            "deleted_at",
        ]:
            workflows.drop_column(name)
