"""Whether the params that a run is given fit its tasks: known before anything starts."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import asdict, replace
from typing import Any

from taxiway.functions.model import Catalogue, Doc, FileFunctions, Function, file_functions
from taxiway.release.check_code import called_by
from taxiway.release.check_params import Given, check_params
from taxiway.release.check_workflow import ancestors_of
from taxiway.release.findings import Finding, did_you_mean, errors_of, pointer
from taxiway.release.tree import Tree
from taxiway.workflow.models import Workflow

Params = Mapping[str, Mapping[str, Any]]
Functions = Mapping[str, Function]  # task → what it calls, where that is certain


def functions_of_tasks(
    workflow: Workflow, tree: Tree | None, catalogue: Catalogue
) -> dict[str, Function]:
    """The functions that the tasks call, as far as the text of the files tells."""
    found: dict[str, Function] = {}
    for task in workflow.tasks:
        called = called_by(task, tree, catalogue, has_repository=True).function
        if called is not None and called.is_certain:
            found[task.name] = called
    return found


def functions_to_json(functions: Functions) -> dict[str, Any]:
    """Without their documentation: it may be long, and nothing is checked against it."""
    return {task: asdict(replace(function, doc=Doc())) for task, function in functions.items()}


def functions_from_json(stored: Mapping[str, Any] | None) -> dict[str, Function]:
    found: dict[str, Function] = {}
    for task, function in (stored or {}).items():
        empty = FileFunctions(function["path"]).as_dict()
        file = file_functions({**empty, "functions": [function]}, function["path"])
        found[task] = file.functions[0]
    return found


def check_run(workflow: Workflow, functions: Functions, params: Params) -> list[Finding]:
    """What is wrong with the params of a run, given over those of the release."""
    names = [task.name for task in workflow.tasks]
    unknown = [_no_such_task(name, names) for name in params if name not in names]
    return [*unknown, *_misfits(workflow, functions, params)]


def _misfits(workflow: Workflow, functions: Functions, params: Params) -> Iterator[Finding]:
    ancestors = ancestors_of(workflow)
    names = frozenset(task.name for task in workflow.tasks)
    for task in workflow.tasks:
        function = functions.get(task.name)
        if function is None:
            continue
        given = Given(
            {**task.params, **params.get(task.name, {})},
            ancestors[task.name],
            names,
            place=pointer("params", task.name),
        )
        yield from errors_of(check_params(task, function, given))


def _no_such_task(name: str, names: list[str]) -> Finding:
    near = did_you_mean(name, names)
    return Finding(
        "error",
        "task-not-found",
        f"The release has no task {name[:100]}" + (f"; {near}" if near else ""),
        f"{near} It has: {', '.join(names)}.".strip(),
        pointer=pointer("params", name),
    )
