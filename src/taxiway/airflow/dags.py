"""What generated DAG files call: the workflow's data as arguments of Airflow's DAG and tasks."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pendulum
from airflow.sdk import XComArg
from airflow.sdk.definitions._internal.contextmanager import DagContext

from taxiway.airflow.operators import RECEIVED, TaxiwayOperator

TAG = "taxiway"


def dag_arguments(workflow: dict[str, Any]) -> dict[str, Any]:
    """The arguments of `DAG(...)`. The call itself stands in the generated file, for Airflow takes
    a DAG's location from there."""
    start = workflow["schedule_from"]
    return {
        "dag_id": workflow["dag_id"],
        "dag_display_name": workflow["name"],
        "description": workflow["description"],
        "doc_md": _documentation(workflow),
        "schedule": workflow["schedule"],
        # A cron expression is read in the time zone of the start date.
        "start_date": pendulum.parse(start).in_timezone(workflow["timezone"]) if start else None,
        "catchup": workflow["catchup"],
        "max_active_runs": workflow["max_active_runs"],
        "tags": [TAG, workflow["tag"]],
        "is_paused_upon_creation": False,
    }


def git_task(workflow: dict[str, Any], name: str, *, repository: str, branch: str) -> Any:
    """A task that runs a function of the release's snapshot."""
    task = workflow["tasks"][name]
    facts = {
        "function": task["function_name"],
        "script": task["script_path"],
        "repository": repository,
        "branch": branch,
        "commit": workflow["commit"],
    }
    return _task(workflow, name, _block(facts))


def inline_task(workflow: dict[str, Any], name: str) -> Any:
    """A task that runs the function whose source the workflow holds."""
    return _task(workflow, name, None)


def _task(workflow: dict[str, Any], name: str, documentation: str | None) -> Any:
    task = workflow["tasks"][name]
    chosen = {
        key: task[key] for key in ("pool", "pool_slots", "queue", "trigger_rule") if key in task
    }
    arguments = {
        "task_id": name,
        "release": workflow["release"],
        "commit": workflow["commit"],
        "retries": task["retry_count"],
        "retry_delay": timedelta(seconds=task["retry_delay"]),
        "doc_md": documentation,
        **chosen,
    }
    if "expand" not in task:
        return TaxiwayOperator(**arguments)
    return _mapped(arguments, task["expand"])


def _mapped(arguments: dict[str, Any], expand: dict[str, Any]) -> Any:
    """One task run for each combination of elements: those of `elements`, and those that the
    tasks `over` returned."""
    over = expand.get("over")
    if over is None:
        return TaxiwayOperator.partial(**arguments).expand(element=expand["elements"])
    sources = {expand["receives"]: over} if isinstance(over, str) else over
    dag = DagContext.get_current_dag()  # they stand above in the file
    lists = {
        name: XComArg(dag.get_task(source))
        for name, source in zip(RECEIVED, sources.values(), strict=False)
    }
    receives = list(sources) if len(sources) > 1 else expand["receives"]
    return TaxiwayOperator.partial(**arguments, receives=receives).expand(
        element=expand["elements"], **lists
    )


def _documentation(workflow: dict[str, Any]) -> str:
    """What Airflow's UI shows of the DAG. The text never ends as the user's text ends: Airflow
    would open a documentation that ends in `.md` as a file."""
    facts = {"release": workflow["release"], "commit": workflow["commit"]}
    return f"{workflow['description'] or ''}\n\n{_block(facts)}"


def _block(facts: dict[str, str | None]) -> str:
    """`facts` as a Markdown code block, in which nothing is markup."""
    lines = [f"    {key:<11}{' '.join(value.split())}" for key, value in facts.items() if value]
    return "\n".join([*lines, ""])
