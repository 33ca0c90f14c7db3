"""`taxiway workflows`: what is declared."""

from __future__ import annotations

import sys
from itertools import islice
from pathlib import Path
from typing import Annotated

import typer

from taxiway.cli import display, given, options
from taxiway.cli.connection import Connection, connect
from taxiway.cli.naming import credential_of, workflow_of
from taxiway.client.http import Json

HELP = "Declare workflows, look at them, change and delete them."
NO_TASKS = "It has no tasks: `taxiway tasks create` adds one."

Text = str | None
Repository = Annotated[Text, typer.Option(help="Address of the Git repository.")]
CredentialName = Annotated[
    Text, typer.Option("--credential", help="Id or name of the repository's; '' for none.")
]
Branch = Annotated[Text, typer.Option(help="The branch or tag that deploys look at.")]
Subdirectory = Annotated[Text, typer.Option(help="Its folder of the repository; '' for all of it.")]
Commit = Annotated[Text, typer.Option(help="Pin it to this full commit; '' goes with the branch.")]
UpdatePolicy = Annotated[Text, typer.Option(help="on_deploy, pinned or on_push.")]
Schedule = Annotated[Text, typer.Option(help="Five cron fields, or a preset; '' for none.")]
Timezone = Annotated[Text, typer.Option(help="In which the schedule is meant.")]
Description = Annotated[Text, typer.Option(help="Any text.")]
Catchup = Annotated[
    bool | None, typer.Option("--catchup/--no-catchup", help="Make up for missed runs.")
]
MaxRuns = Annotated[int | None, typer.Option("--max-active-runs", help="Runs at once.")]
Active = Annotated[
    bool | None, typer.Option("--active/--inactive", help="Whether the schedule holds.")
]
Requirements = Annotated[Path | None, typer.Option(help="A file like requirements.txt.")]
Env = Annotated[
    list[str] | None, typer.Option(help="NAME=VALUE for every task; repeat it for more.")
]
NotifyUrl = Annotated[Text, typer.Option(help="Told when a run or a deploy fails; '' for none.")]


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
    repository: Repository = None,
    credential: CredentialName = None,
    branch: Branch = None,
    subdirectory: Subdirectory = None,
    commit: Commit = None,
    update_policy: UpdatePolicy = None,
    schedule: Schedule = None,
    timezone: Timezone = None,
    description: Description = None,
    catchup: Catchup = None,
    max_active_runs: MaxRuns = None,
    active: Active = None,
    requirements: Requirements = None,
    env: Env = None,
    notify_url: NotifyUrl = None,
    file: options.File = None,
    server: options.Server = None,
    home: options.Home = None,
    output: options.Output = options.Form.table,
) -> None:
    """Declare a workflow; nothing runs before its first deploy."""
    fields = from_file(file) | given.present(
        name=name,
        git_repository=repository,
        git_branch=branch,
        git_subdirectory=subdirectory,
        git_commit_sha=commit,
        git_update_policy=update_policy,
        schedule=schedule,
        timezone=timezone,
        description=description,
        catchup=catchup,
        max_active_runs=max_active_runs,
        is_active=active,
        requirements=given.text_file(requirements),
        env=given.pairs(env, "--env"),
        notify_url=notify_url,
    )
    with connect(server, home) as connection:
        fields |= _login(connection, credential)
        made = connection.client.create_workflow(**fields)
        _tell(made, output)
        connection.point_to_workflow(made)


def _login(connection: Connection, credential: str | None) -> Json:
    if not credential:
        return given.present(git_credential_id=credential)
    return {"git_credential_id": credential_of(connection.client, credential)["id"]}


def update(
    workflow: options.Workflow,
    name: Annotated[Text, typer.Option(help="Another name; the DAG id stays.")] = None,
    repository: Repository = None,
    credential: CredentialName = None,
    branch: Branch = None,
    subdirectory: Subdirectory = None,
    commit: Commit = None,
    update_policy: UpdatePolicy = None,
    schedule: Schedule = None,
    timezone: Timezone = None,
    description: Description = None,
    catchup: Catchup = None,
    max_active_runs: MaxRuns = None,
    active: Active = None,
    requirements: Requirements = None,
    env: Env = None,
    notify_url: NotifyUrl = None,
    file: options.File = None,
    server: options.Server = None,
    home: options.Home = None,
    output: options.Output = options.Form.table,
) -> None:
    """Change what is given; all but --active and --inactive waits for a deploy."""
    fields = from_file(file) | given.present(
        name=name,
        git_repository=repository,
        git_branch=branch,
        git_subdirectory=subdirectory,
        git_commit_sha=commit,
        git_update_policy=update_policy,
        schedule=schedule,
        timezone=timezone,
        description=description,
        catchup=catchup,
        max_active_runs=max_active_runs,
        is_active=active,
        requirements=given.text_file(requirements),
        env=given.pairs(env, "--env"),
        notify_url=notify_url,
    )
    with connect(server, home) as connection:
        found, etag = _seen(connection, workflow)
        fields |= _login(connection, credential)
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
        found, etag = _seen(connection, workflow)
        confirm(f"Delete the workflow {found['name']}?", yes)
        connection.client.delete_workflow(found["id"], cancel=cancel, if_match=etag)
        display.note(f"Deleted the workflow {found['name']}")


def _seen(connection: Connection, name: str) -> tuple[Json, str]:
    """The workflow with its version: what somebody else changes meanwhile is not written over."""
    return connection.client.workflow_version(workflow_of(connection.client, name)["id"])


def from_file(file: Path | None) -> Json:
    """The fields that a JSON file gives."""
    return dict(given.json_object(file)) if file else {}


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
        *("git_update_policy", "env", "requirements", "notify_url"),
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
