"""`taxiway tasks`: the functions of a workflow and their order."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import typer

from taxiway.cli import display, given, options
from taxiway.cli.connection import connect
from taxiway.cli.naming import task_of, task_seen, workflow_of, workflow_seen
from taxiway.cli.workflows import confirm, task_table
from taxiway.client.http import Json

HELP = "Declare the tasks of a workflow, change, replace and delete them."

Task = Annotated[str, typer.Argument(help="The task's name or id.")]


@dataclass(frozen=True)
class Declared:
    """What a task is given beside its name."""

    script: Annotated[
        str | None, typer.Option(help="Its file, from the root of the repository.")
    ] = None
    function: Annotated[str | None, typer.Option(help="The function in that file.")] = None
    inline: Annotated[
        Path | None, typer.Option(help="Instead: a file with one function, kept as inline code.")
    ] = None
    param: Annotated[
        list[str] | None, typer.Option(help="NAME=JSON for the function; repeat it for more.")
    ] = None
    after: Annotated[
        list[str] | None,
        typer.Option(help="A task that has to end before; '' for none; repeat it."),
    ] = None
    retries: Annotated[int | None, typer.Option(help="How often a failed try is repeated.")] = None
    retry_delay: Annotated[int | None, typer.Option(help="Seconds between two tries.")] = None
    timeout: Annotated[int | None, typer.Option(help="Seconds for one try.")] = None
    trigger_rule: Annotated[str | None, typer.Option(help="Airflow's rule.")] = None
    pool: Annotated[str | None, typer.Option(help="Airflow's pool; '' for the default one.")] = None
    pool_slots: Annotated[int | None, typer.Option(help="How many slots of it.")] = None
    queue: Annotated[str | None, typer.Option(help="Airflow's queue; '' for the default one.")] = (
        None
    )
    env: Annotated[list[str] | None, typer.Option(help="NAME=VALUE; repeat it for more.")] = None
    input: Annotated[
        list[str] | None,
        typer.Option(help="PARAM=TASK or PARAM=TASK.PATH: what it gets of a task before it."),
    ] = None
    expand: Annotated[
        list[str] | None,
        typer.Option(help="PARAM=[…] or PARAM=TASK: run once for each element of a list."),
    ] = None
    secret: Annotated[
        list[str] | None,
        typer.Option(help="NAME=variable:KEY or NAME=connection:ID, as Airflow has it."),
    ] = None
    warm: Annotated[
        bool | None, typer.Option("--warm/--no-warm", help="Fork it from a warm process.")
    ] = None
    unset: options.Unset = None
    file: options.File = None

    def fields(self) -> Json:
        """The API's fields; an option goes before the same field of the file."""
        fields = given.json_object(self.file) | given.present(
            script_path=self.script,
            function_name=self.function,
            python_callable=given.text_file(self.inline),
            params=given.json_pairs(self.param, "--param"),
            dependencies=given.names(self.after),
            retry_count=self.retries,
            retry_delay=self.retry_delay,
            timeout=self.timeout,
            trigger_rule=self.trigger_rule,
            pool=self.pool,
            pool_slots=self.pool_slots,
            queue=self.queue,
            env=given.pairs(self.env, "--env"),
            inputs=given.pairs(self.input, "--input"),
            expand=given.lists(self.expand, "--expand"),
            secrets=given.pairs(self.secret, "--secret"),
            warm=self.warm,
        )
        return given.unset(self.unset, fields)


def list_(
    workflow: options.Workflow,
    server: options.Server = None,
    home: options.Home = None,
    output: options.Output = options.Form.table,
) -> None:
    """List the tasks of a workflow."""
    with connect(server, home) as connection:
        found = workflow_of(connection.client, workflow)
        tasks = list(connection.client.tasks(found["id"]))
    if output is options.Form.json:
        display.data(tasks)
    else:
        task_table(tasks)


def show(
    workflow: options.Workflow,
    task: Task,
    server: options.Server = None,
    home: options.Home = None,
    output: options.Output = options.Form.table,
) -> None:
    """Show one task."""
    with connect(server, home) as connection:
        found = task_of(connection.client, workflow_of(connection.client, workflow), task)
        _tell(found, output)
        connection.point(f"/tasks/{found['id']}")


def create(
    workflow: options.Workflow,
    name: Annotated[str, typer.Argument(help="Letters, digits, _, - and dots.")],
    declared: Declared,
    server: options.Server = None,
    home: options.Home = None,
    output: options.Output = options.Form.table,
) -> None:
    """Add a task; it runs from the next deploy on."""
    fields = declared.fields() | given.present(name=name)
    with connect(server, home) as connection:
        owner = workflow_of(connection.client, workflow)
        made = connection.client.create_task(**{**fields, "workflow_id": owner["id"]})
        _tell(made, output)
        connection.point(f"/tasks/{made['id']}")


def update(
    workflow: options.Workflow,
    task: Task,
    declared: Declared,
    name: Annotated[str | None, typer.Option(help="Another name.")] = None,
    server: options.Server = None,
    home: options.Home = None,
    output: options.Output = options.Form.table,
) -> None:
    """Change what is given, from the next deploy on; --param, --after, --env, --input, --expand and
    --secret each replace all that there was ('' for none)."""
    fields = declared.fields() | given.present(name=name)
    with connect(server, home) as connection:
        found, etag = task_seen(connection.client, workflow, task)
        changed = connection.client.update_task(found["id"], if_match=etag, **fields)
        _tell(changed, output)
        connection.point(f"/tasks/{changed['id']}")


def delete(
    workflow: options.Workflow,
    task: Task,
    yes: options.Yes = False,
    server: options.Server = None,
    home: options.Home = None,
) -> None:
    """Remove a task that no other one depends on, from the next deploy on."""
    with connect(server, home) as connection:
        found, etag = task_seen(connection.client, workflow, task)
        confirm(f"Delete the task {found['name']}?", yes)
        connection.client.delete_task(found["id"], if_match=etag)
        display.note(f"Deleted the task {found['name']}")


def replace(
    workflow: options.Workflow,
    file: Annotated[Path, typer.Argument(help="JSON: a list of tasks; - is stdin.")],
    server: options.Server = None,
    home: options.Home = None,
    output: options.Output = options.Form.table,
) -> None:
    """Make the tasks of a file the workflow's only ones, all at once or not at all."""
    body = given.json_file(file)
    with connect(server, home) as connection:
        found, etag = workflow_seen(connection.client, workflow)
        tasks = body["tasks"] if isinstance(body, dict) and "tasks" in body else body
        connection.client.replace_tasks(found["id"], tasks, if_match=etag)
        now = list(connection.client.tasks(found["id"]))
        if output is options.Form.json:
            display.data(now)
        else:
            task_table(now)
        connection.point_to_workflow(found)


def _tell(task: Json, output: options.Form) -> None:
    if output is options.Form.json:
        display.data(task)
        return
    hidden = ("workflow_id", "created_at", "updated_at", "python_callable")
    display.fields((name, value) for name, value in task.items() if name not in hidden)
    if task["python_callable"]:
        typer.echo(f"\n{display.plain(task['python_callable'])}")
    display.note("")


VERBS = {
    "list": list_,
    "show": show,
    "create": create,
    "update": update,
    "delete": delete,
    "replace": replace,
}
