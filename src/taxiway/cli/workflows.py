"""`taxiway workflows`: what is declared."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Annotated

import typer

from taxiway.cli import display, given, options
from taxiway.cli.connection import connect
from taxiway.cli.naming import credential_of, workflow_of, workflow_seen
from taxiway.client.http import Json, TaxiwayClient

HELP = "Declare workflows, look at them, change and delete them."
NO_TASKS = "It has no tasks: `taxiway tasks create` adds one."

Text = str | None


@dataclass(frozen=True)
class Declared:
    """What a workflow is given beside its name."""

    repository: Annotated[Text, typer.Option(help="Address of the Git repository.")] = None
    credential: Annotated[
        Text, typer.Option(help="Id or name of the repository's; '' for none.")
    ] = None
    branch: Annotated[Text, typer.Option(help="The branch or tag that deploys look at.")] = None
    subdirectory: Annotated[
        Text, typer.Option(help="Its folder of the repository; '' for all of it.")
    ] = None
    commit: Annotated[
        Text, typer.Option(help="Pin it to this full commit; '' goes with the branch.")
    ] = None
    update_policy: Annotated[Text, typer.Option(help="on_deploy, pinned or on_push.")] = None
    schedule: Annotated[Text, typer.Option(help="Five cron fields, or a preset; '' for none.")] = (
        None
    )
    timezone: Annotated[Text, typer.Option(help="In which the schedule is meant.")] = None
    description: Annotated[Text, typer.Option(help="Any text.")] = None
    catchup: Annotated[
        bool | None, typer.Option("--catchup/--no-catchup", help="Make up for missed runs.")
    ] = None
    max_active_runs: Annotated[int | None, typer.Option(help="Runs at once.")] = None
    active: Annotated[
        bool | None, typer.Option("--active/--inactive", help="Whether the schedule holds.")
    ] = None
    requirements: Annotated[Path | None, typer.Option(help="A file like requirements.txt.")] = None
    env: Annotated[
        list[str] | None, typer.Option(help="NAME=VALUE for every task; repeat it for more.")
    ] = None
    secret: Annotated[
        list[str] | None,
        typer.Option(help="NAME=variable:KEY or NAME=connection:ID, for every task."),
    ] = None
    dependency_group: Annotated[
        list[str] | None,
        typer.Option(help="Of pyproject.toml, installed too; '' for none; repeat it."),
    ] = None
    notify_url: Annotated[
        Text, typer.Option(help="Told when a run or a deploy fails; '' for none.")
    ] = None
    warm: Annotated[
        bool | None, typer.Option("--warm/--no-warm", help="Fork tasks from warm processes.")
    ] = None
    unset: options.Unset = None
    file: options.File = None

    def fields(self, client: TaxiwayClient) -> Json:
        """The API's fields; an option goes before the same field of the file."""
        login = credential_of(client, self.credential)["id"] if self.credential else self.credential
        fields = given.json_object(self.file) | given.present(
            git_repository=self.repository,
            git_credential_id=login,
            git_branch=self.branch,
            git_subdirectory=self.subdirectory,
            git_commit_sha=self.commit,
            git_update_policy=self.update_policy,
            schedule=self.schedule,
            timezone=self.timezone,
            description=self.description,
            catchup=self.catchup,
            max_active_runs=self.max_active_runs,
            is_active=self.active,
            requirements=given.text_file(self.requirements),
            env=given.pairs(self.env, "--env"),
            secrets=given.pairs(self.secret, "--secret"),
            warm=self.warm,
            dependency_groups=given.names(self.dependency_group),
            notify_url=self.notify_url,
        )
        return given.unset(self.unset, fields)


def list_(
    query: Annotated[
        str | None, typer.Option("--query", "-q", help="Only names that contain this text.")
    ] = None,
    limit: options.Limit = 100,
    server: options.Server = None,
    home: options.Home = None,
    output: options.Output = options.Form.table,
) -> None:
    """List workflows by name."""
    with connect(server, home) as connection:
        asked = given.present(q=query, limit=min(limit + 1, 200))
        found = list(islice(connection.client.workflows(**asked), limit + 1))
    shown, more = found[:limit], len(found) > limit
    if output is options.Form.json:
        display.data(shown)
    else:
        display.table(
            ("name", "DAG id", "schedule", "release", "active"),
            [
                (w["name"], w["dag_id"], w["schedule"], w["current_release"], w["is_active"])
                for w in shown
            ],
            empty="There is no workflow that fits." if query else "There is no workflow yet.",
        )
    if more:
        display.note("\nThere are more: --limit shows them, --query narrows the list.")


def show(
    workflow: options.Workflow,
    server: options.Server = None,
    home: options.Home = None,
    output: options.Output = options.Form.table,
) -> None:
    """Show one workflow with its tasks."""
    with connect(server, home) as connection:
        found = workflow_of(connection.client, workflow)
        tasks = list(connection.client.tasks(found["id"]))
        if output is options.Form.json:
            display.data({**found, "tasks": tasks})
            return
        display.fields(_fields(found))
        display.note("")
        task_table(tasks)
        display.note("")
        connection.point_to_workflow(found)


def create(
    name: Annotated[str, typer.Argument(help="The DAG id is made from it.")],
    declared: Declared,
    server: options.Server = None,
    home: options.Home = None,
    output: options.Output = options.Form.table,
) -> None:
    """Declare a workflow; nothing runs before its first deploy."""
    with connect(server, home) as connection:
        fields = declared.fields(connection.client) | given.present(name=name)
        made = connection.client.create_workflow(**fields)
        _tell(made, output)
        connection.point_to_workflow(made)


def update(
    workflow: options.Workflow,
    declared: Declared,
    name: Annotated[Text, typer.Option(help="Another name; the DAG id stays.")] = None,
    server: options.Server = None,
    home: options.Home = None,
    output: options.Output = options.Form.table,
) -> None:
    """Change what is given; all but --active and --inactive waits for a deploy."""
    with connect(server, home) as connection:
        found, etag = workflow_seen(connection.client, workflow)
        fields = declared.fields(connection.client) | given.present(name=name)
        changed = connection.client.update_workflow(found["id"], if_match=etag, **fields)
        _tell(changed, output)
        for line in changed["notes"]:
            display.note(line)
        connection.point_to_workflow(changed)


def delete(
    workflow: options.Workflow,
    cancel: Annotated[bool, typer.Option("--cancel", help="Cancel its runs first.")] = False,
    yes: options.Yes = False,
    server: options.Server = None,
    home: options.Home = None,
) -> None:
    """Remove a workflow and its DAG; the record of its runs is kept."""
    with connect(server, home) as connection:
        found, etag = workflow_seen(connection.client, workflow)
        confirm(f"Delete the workflow {found['name']}?", yes)
        connection.client.delete_workflow(found["id"], cancel=cancel, if_match=etag)
        display.note(f"Deleted the workflow {found['name']}")


def notify_test(
    workflow: options.Workflow,
    server: options.Server = None,
    home: options.Home = None,
    output: options.Output = options.Form.table,
) -> None:
    """Send one notification to the workflow's notify_url, or the server's, and say how it went."""
    with connect(server, home) as connection:
        found = workflow_of(connection.client, workflow)
        sent = connection.client.notify_test(found["id"])
        if output is options.Form.json:
            display.data(sent)
        else:
            display.note(f"The notification is {sent['state']}. {sent['error'] or ''}".rstrip())


def confirm(question: str, yes: bool) -> None:
    """Ask, where there is somebody to ask."""
    if not yes and sys.stdin.isatty():
        typer.confirm(question, abort=True, err=True)


def task_table(tasks: list[Json]) -> None:
    rows = [(t["name"], runs_what(t), t["dependencies"], t["params"] or "") for t in tasks]
    display.table(("task", "runs", "after", "params"), rows, empty=NO_TASKS)


def runs_what(task: Json) -> str:
    """The function that a task runs."""
    if task["python_callable"]:
        return "inline code"
    return f"{task['script_path']}:{task['function_name']}"


def _tell(workflow: Json, output: options.Form) -> None:
    if output is options.Form.json:
        display.data(workflow)
    else:
        display.fields(_fields(workflow))
        display.note("")


def _fields(workflow: Json) -> list[tuple[str, object]]:
    shown = (
        *("name", "dag_id", "id", "description", "schedule", "timezone", "catchup"),
        *(
            "max_active_runs",
            "is_active",
            "git_repository",
            "git_credential_id",
            "git_branch",
            "git_commit_sha",
        ),
        *("git_update_policy", "env", "requirements", "warm", "notify_url"),
        *("current_release", "undeployed_changes"),
    )
    hold, push = workflow.get("hold"), workflow.get("push")
    return [
        *((name, workflow.get(name)) for name in shown if workflow.get(name) is not False),
        ("hold", hold["text"] if hold else None),
        ("push", f"{push['commit'][:12]} {push['state']}" if push else None),
        ("push failed", push["error"]["message"] if push and push["error"] else None),
    ]


VERBS = {
    "list": list_,
    "show": show,
    "create": create,
    "update": update,
    "delete": delete,
    "notify-test": notify_test,
}
