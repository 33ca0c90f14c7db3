"""A release as the DAG file that Airflow parses: constant code around one literal of data.

What users write reaches the file only as string literals and inside the JSON literal, all ASCII.
Nothing of it is code, a comment, an identifier or a template, and the finished file is compared
with the tree it must have before it leaves here. Equal input renders to equal bytes.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.resources import files
from typing import Any

from jinja2 import BaseLoader, Environment, StrictUndefined

from taxiway.errors import Invalid
from taxiway.release.literal import indented, plain, raw_literal
from taxiway.release.model import Release
from taxiway.release.skeleton import FILE_NAMES, Shape, TaskLine, require_shape
from taxiway.workflow.graph import order
from taxiway.workflow.models import Task, Workflow
from taxiway.workflow.names import fits_airflow, identifiers_of
from taxiway.workflow.wiring import elements_of, expanded_over

_ENVIRONMENT = Environment(
    loader=BaseLoader(),
    autoescape=False,  # noqa: S701 - Python comes out, not HTML; every value is a literal already
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
    keep_trailing_newline=True,
)
_TEMPLATE_TEXT = files("taxiway.release").joinpath("dag_template.py.jinja2").read_text("ascii")
_TEMPLATE = _ENVIRONMENT.from_string(_TEMPLATE_TEXT)
_SELDOM = (
    ("timeout", None),
    ("trigger_rule", "all_success"),
    ("pool", None),
    ("pool_slots", 1),
    ("queue", None),
)
TEMPLATE = hashlib.sha256(_TEMPLATE_TEXT.encode("ascii")).hexdigest()


@dataclass(frozen=True)
class Dag:
    """A generated file, its sha256, and the tag by which Airflow's REST API shows which file it
    has parsed: the tag is part of the file, and differs whenever the file does."""

    source: bytes
    digest: str
    tag: str


def render(release: Release, *, schedule_from: str | None) -> Dag:
    """The DAG file of `release`.

    `schedule_from`, an ISO date and time in UTC, becomes the start date; without it the DAG has no
    schedule.
    """
    workflow = release.workflow
    _require_renderable(workflow)
    source = _text(workflow, data := _data(release, schedule_from)).encode("ascii")
    return Dag(source=source, digest=hashlib.sha256(source).hexdigest(), tag=data["tag"])


def _require_renderable(workflow: Workflow) -> None:
    names = [task.name for task in workflow.tasks]
    if not names:
        raise Invalid(
            "no-tasks",
            f"Workflow {workflow.name!r} has no tasks",
            hint="Create at least one task, then deploy again.",
        )
    keys = [workflow.dag_id, *names]
    known = set(names)
    strays = [d for task in workflow.tasks for d in task.dependencies if d not in known]
    if strays or len(known) < len(names) or not all(map(fits_airflow, keys)):
        raise Invalid(
            "not-renderable",
            f"Workflow {workflow.name!r} has a name that Airflow refuses, a name twice, or a "
            f"dependency that is none of its tasks: {', '.join(strays or keys)!r}",
            hint="Rename the task, or correct its dependencies.",
        )


def _data(release: Release, schedule_from: str | None) -> dict[str, Any]:
    """All that the file knows, in the order in which it is read best."""
    workflow, digest = release.workflow, release.digest
    return {
        "name": workflow.name,
        "dag_id": workflow.dag_id,
        "description": workflow.description,
        "schedule": workflow.schedule if schedule_from else None,
        "schedule_from": schedule_from if workflow.schedule else None,
        "timezone": workflow.timezone,
        "catchup": workflow.catchup,
        "max_active_runs": workflow.max_active_runs,
        "commit": release.commit,
        "release": digest,
        "tag": _tag(digest, release.commit, schedule_from),
        "tasks": {task.name: _task_data(task) for task in workflow.tasks},
    }


def _tag(release_digest: str, commit: str | None, schedule_from: str | None) -> str:
    """Of all that the file is made from."""
    sources = f"{release_digest}\n{commit}\n{schedule_from}\n{_TEMPLATE_TEXT}"
    return f"dag-{hashlib.sha256(sources.encode('ascii', 'backslashreplace')).hexdigest()[:16]}"


def _task_data(task: Task) -> dict[str, Any]:
    """A task as the file shows it: what it runs, and what Airflow must know. Its `env` stays in
    the release: the file is shown to everybody who may see the DAG."""
    code: dict[str, Any] = (
        {"script_path": task.script_path, "function_name": task.function_name}
        if task.is_git
        else {"python_callable": (task.python_callable or "").split("\n")}
    )
    code["params"] = plain(task.params)
    code["retry_count"] = task.retry_count
    code["retry_delay"] = task.retry_delay
    for name, default in _SELDOM:
        if (value := getattr(task, name)) != default:
            code[name] = value
    if task.expand:
        code["expand"] = _expand_data(task)
    return code


def _expand_data(task: Task) -> dict[str, Any]:
    found: dict[str, Any] = {"elements": plain(elements_of(task))}
    sources = dict(sorted(expanded_over(task).items()))
    if len(sources) > 1:
        return found | {"over": sources}
    for parameter, source in sources.items():
        found |= {"over": source, "receives": parameter}
    return found


def _in_order(tasks: Sequence[Task]) -> Sequence[Task]:
    """As declared; where one expands over another, each after those that it waits for."""
    if not any(map(expanded_over, tasks)):
        return tasks
    place = {name: i for i, name in enumerate(order({t.name: t.dependencies for t in tasks}))}
    return sorted(tasks, key=lambda task: place[task.name])


def _text(workflow: Workflow, data: dict[str, Any]) -> str:
    has_git = any(task.is_git for task in workflow.tasks)
    variables = identifiers_of((task.name for task in workflow.tasks), FILE_NAMES)
    shape = Shape(
        repository=workflow.git_repository or "" if has_git else None,
        branch=workflow.git_branch if has_git else None,
        literal=raw_literal(indented(data)),
        tasks=tuple(
            TaskLine(variables[task.name], task.name, task.is_git)
            for task in _in_order(workflow.tasks)
        ),
        edges=tuple(
            (variables[upstream], variables[task.name])
            for task in workflow.tasks
            for upstream in dict.fromkeys(task.dependencies)
        ),
    )
    text = _TEMPLATE.render(
        imports=shape.imports,
        has_git=has_git,
        repository=ascii(shape.repository),
        branch=ascii(shape.branch),
        data=shape.literal,
        tasks=shape.tasks,
        edges=shape.edges,
    )
    require_shape(text, shape)
    return text
