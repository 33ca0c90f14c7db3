"""What the demo does with a running stack, all of it through the HTTP API."""

from __future__ import annotations

import contextlib
import time
from typing import Any

from rich import box
from rich.console import Console
from rich.table import Table

from taxiway.client.http import TERMINAL, TaxiwayClient
from taxiway.embedded.example import ExampleRepository
from taxiway.errors import Conflict, TaskFailed, Unavailable

Json = dict[str, Any]

NAME = "digits_demo"
RUN_SECONDS = 600
ENDED = ("success", "failed", "upstream_failed", "skipped")
RAN = ("running", "success", "failed", "up_for_retry")
STARTED = ("running", "up_for_retry", *ENDED)
COLOURS = {"success": "green", "failed": "red", "running": "cyan"}
PLATFORM_STREAMS = ("airflow", "task", "taxiway")
MODEL_CHANGE = ("LogisticRegression(max_iter=epochs)", "SVC(gamma=0.05)")
IMPORT_CHANGE = (
    "from sklearn.linear_model import LogisticRegression",
    "from sklearn.svm import SVC",
)
REPORT = """\
def report(context, **kwargs):
    result = context["ti"].xcom_pull(task_ids="evaluate_model")
    print(f"The model reads {result['accuracy']:.1%} of {result['images']} digits right;")
    print(f"the one it misses most is the {result['worst_digit']}.")
    return {"accuracy": result["accuracy"]}
"""
TASKS: tuple[Json, ...] = (
    {"name": "load", "script_path": "src/load.py", "function_name": "load_data"},
    {
        "name": "train_model",
        "script_path": "src/train.py",
        "function_name": "train_model",
        "params": {"epochs": 100},
        "dependencies": ["load"],
    },
    {
        "name": "evaluate_model",
        "script_path": "src/evaluate.py",
        "function_name": "evaluate_model",
        "dependencies": ["train_model"],
    },
    {"name": "report", "python_callable": REPORT, "dependencies": ["evaluate_model"]},
)


def show(client: TaxiwayClient, repository: ExampleRepository, console: Console) -> None:
    """Deploy, run, change, deploy and run again. Raises when anything failed."""
    commit = repository.begin()
    _step(console, f"A Git repository with the digits example: {repository.url}")
    workflow = _workflow(client, repository)
    _step(console, f"Workflow {workflow['name']} with {len(TASKS)} tasks, made through the API")
    first = _deploy_and_run(client, workflow["id"], commit, console)
    repository.change("src/train.py", *MODEL_CHANGE, message="Try a support vector machine")
    commit = repository.change("src/train.py", *IMPORT_CHANGE, message="Import it")
    _step(console, "Two commits later the repository trains another model")
    second = _deploy_and_run(client, workflow["id"], commit, console)
    _require_untouched(client, first)
    _table(client, (first, second), console)


def _deploy_and_run(client: TaxiwayClient, workflow_id: str, commit: str, console: Console) -> Json:
    _step(console, "Deploying: resolve the branch, lock the packages, seal, publish")
    began = time.monotonic()
    release = client.deploy(workflow_id, wait=300)
    if release["state"] != "ready" or release["git_commit_sha"] != commit:
        raise Unavailable(
            "demo-failed", f"Release {release['number']} is {release['state']}, not ready"
        )
    seconds = time.monotonic() - began
    console.print(f"  release {release['number']} at commit {commit}, ready after {seconds:.1f} s")
    run = client.trigger(workflow_id)
    _step(console, f"Run {run['id']}")
    return _follow(client, run, console)


def _follow(client: TaxiwayClient, run: Json, console: Console) -> Json:
    """Show states and lines as they come; the run when it has ended well."""
    states: dict[str, str] = {}
    read: dict[tuple[str, int], int] = {}
    deadline = time.monotonic() + RUN_SECONDS
    while time.monotonic() < deadline:
        with contextlib.suppress(Unavailable):  # Airflow may be slow to answer while it works
            run = client.run(run["id"])
            for task in client.run_tasks(run["id"]):
                _show_task(client, run["id"], task, states, read, console)
            if run["state"] in TERMINAL:
                break
        time.sleep(0.3)
    if run["state"] != "success":
        raise TaskFailed("demo-failed", f"The run {run['id']} ended as {run['state']}")
    return run


def _show_task(
    client: TaxiwayClient,
    run_id: str,
    task: Json,
    states: dict[str, str],
    read: dict[tuple[str, int], int],
    console: Console,
) -> None:
    name, state = task["task"], task["state"]
    before = states.get(name)
    if state not in STARTED or before in ENDED:
        return
    if before is None and state in RAN:
        _show_state(name, "running", console)
    tried = name, task["try_number"]  # the lines of each try are counted from its first
    log = client.logs(run_id, name, after=read.get(tried, 0), try_number=tried[1] or None)
    read[tried] = log["next"]
    for line in log["lines"]:
        loud = line["level"] in ("error", "critical")
        if loud or not line["stream"].startswith(PLATFORM_STREAMS):
            console.print(f"  {name:<16}│ {line['text']}", markup=False, style="dim")
    if state != "running" and state != before:
        _show_state(name, state, console)
    states[name] = state


def _show_state(name: str, state: str, console: Console) -> None:
    console.print(f"  {name:<16}[bold {COLOURS.get(state, 'yellow')}]{state}[/]")


def _require_untouched(client: TaxiwayClient, before: Json) -> None:
    after = client.run(before["id"])
    if (after["release"], after["commit"]) != (before["release"], before["commit"]):
        raise TaskFailed("demo-failed", "The second deploy changed the first run's release")


def _table(client: TaxiwayClient, runs: tuple[Json, ...], console: Console) -> None:
    table = Table(title="\nEach run executed exactly its release", box=box.SIMPLE)
    for heading in ("release", "commit", "run", "accuracy"):
        table.add_column(heading, no_wrap=True)
    for run in runs:
        accuracy = client.value(run["id"], "report")["accuracy"]
        table.add_row(str(run["release"]), run["commit"], run["id"][:8], f"{accuracy:.4f}")
    console.print(table)


def _step(console: Console, text: str) -> None:
    console.print(f"\n[bold]▸[/] {text}")


def _workflow(client: TaxiwayClient, repository: ExampleRepository) -> Json:
    """The demo's workflow: a new one, or the one that an earlier demo left in this home."""
    try:
        workflow = client.create_workflow(
            name=NAME,
            description="Handwritten digits: load, train, evaluate, report.",
            git_repository=repository.url,
        )
    except Conflict:
        return next(found for found in client.workflows(q=NAME) if found["dag_id"] == NAME)
    for task in TASKS:
        client.create_task(workflow_id=workflow["id"], **task)
    return workflow
