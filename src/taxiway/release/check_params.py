"""Whether what a task is given fits its function: nothing missing, unknown, or of another type."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from taxiway.functions.model import Function, Parameter
from taxiway.release.findings import Finding, did_you_mean, pointer
from taxiway.release.fits import misfits
from taxiway.workflow.models import Task


@dataclass(frozen=True)
class Given:
    """What a function will be given by name: params, and the values of tasks that ran before.

    `tasks` are all tasks of the workflow. `must_suffice`: nobody can give more params, as with a
    run that a schedule starts. `place` is where the params stand; that of the task by default.
    """

    params: Mapping[str, Any]
    upstream: frozenset[str] = frozenset()
    tasks: frozenset[str] = frozenset()
    must_suffice: bool = True
    place: str | None = None


def check_params(task: Task, function: Function, given: Given) -> Iterator[Finding]:
    """For a function whose signature is certain."""
    place = pointer("tasks", task.name, "params") if given.place is None else given.place
    yield from _check_taken(task, function, given, place)
    yield from _check_types(task, function, given, place)
    yield from _check_enough(task, function, given, place)
    yield from _check_pulls(task, function, given)


def _named(function: Function) -> list[Parameter]:
    """The parameters that can be given by name, but for the context."""
    return [
        parameter
        for parameter in function.parameters
        if parameter.kind not in ("var-positional", "var-keyword") and parameter.name != "context"
    ]


def _known(function: Function) -> set[str]:
    """Also the keys that `**kwargs: Unpack[…]` names."""
    return {p.name for p in _named(function)} | set(function.schema.get("properties", {}))


def _is_open(function: Function) -> bool:
    """Whether `**kwargs` takes any other name."""
    return function.takes_kwargs and function.schema.get("additionalProperties", True) is not False


def _check_taken(task: Task, function: Function, given: Given, place: str) -> Iterator[Finding]:
    known = _known(function)
    names = dict.fromkeys([*given.params, *task.inputs, *task.expand])
    for name in names:
        if name == "context" and function.takes_context:
            yield _finding(
                task,
                function,
                "param-not-taken",
                f"{function.name} takes Airflow's context, so no param can have the name context",
                "Rename that param.",
                f"{place}{pointer(name)}",
            )
        elif name in known or name == "context":
            continue
        elif not _is_open(function):
            yield _not_taken(task, function, name, sorted(known), _declared_at(task, name, place))
        else:
            left = [one for one in known if one not in names and one not in given.upstream]
            near = did_you_mean(name, left)
            if near:
                yield _finding(
                    task,
                    function,
                    "param-maybe-misspelled",
                    f"{function.name} takes the param {name} only by its **kwargs; {near}",
                    f"{near} If not, nothing has to be changed.",
                    f"{place}{pointer(name)}",
                ).as_warning()


def _not_taken(task: Task, function: Function, name: str, known: list[str], place: str) -> Finding:
    near = did_you_mean(name, known)
    return _finding(
        task,
        function,
        "param-not-taken",
        f"{function.name} does not take the param {name}" + (f"; {near}" if near else ""),
        f"{near} It takes: {', '.join(known) or 'none'}. Or add **kwargs to it.".strip(),
        place,
    )


def _check_types(task: Task, function: Function, given: Given, place: str) -> Iterator[Finding]:
    schema = function.schema
    for name, value in _values(task, given):
        wanted = schema.get("properties", {}).get(name, schema.get("additionalProperties"))
        for reason in misfits(value, wanted, schema, name):
            yield _finding(
                task,
                function,
                "param-type",
                f"{function.name} cannot take its params: {reason}",
                f"Change the value, or the annotation of {function.name}.",
                _declared_at(task, name, place),
            )


def _declared_at(task: Task, name: str, params: str) -> str:
    """Where it is said what a parameter is given."""
    for field in ("expand", "inputs"):
        if name in getattr(task, field):
            return pointer("tasks", task.name, field, name)
    return f"{params}{pointer(name)}"


def _values(task: Task, given: Given) -> Iterator[tuple[str, Any]]:
    """Every value that is known before a run; of a list that it is run for, each element."""
    for name, value in given.params.items():
        if name not in task.inputs and name not in task.expand and name != "context":
            yield name, value
    for name, values in task.expand.items():
        for value in values if isinstance(values, list) else ():
            yield name, value


def _check_enough(task: Task, function: Function, given: Given, place: str) -> Iterator[Finding]:
    have = {*given.params, *task.inputs, *task.expand, *given.upstream}
    needed = [parameter.name for parameter in _named(function) if parameter.is_required]
    for name in needed:
        if name in have:
            continue
        finding = _missing(task, function, name, given, place)
        yield finding if given.must_suffice else finding.as_warning()


def _check_pulls(task: Task, function: Function, given: Given) -> Iterator[Finding]:
    for name in function.pulls:
        if name in given.upstream or name == task.name:
            continue
        near = did_you_mean(name, sorted(given.upstream))
        is_task = name in given.tasks
        said = "does not run before it" if is_task else "is no task of the workflow"
        yield _finding(
            task,
            function,
            "pull-not-upstream",
            f"{function.name} pulls the value of `{name}`, which {said}"
            + (f"; {near}" if near and not is_task else ""),
            f"Add {name} to the dependencies of {task.name}."
            if is_task
            else near or f"Its upstream tasks are {', '.join(sorted(given.upstream)) or 'none'}.",
            pointer("tasks", task.name, "dependencies"),
        ).as_warning()


def _missing(task: Task, function: Function, name: str, given: Given, place: str) -> Finding:
    hint = f"Give it in the params of {task.name}, or give {name} a default in the code."
    if name in given.tasks and name != task.name:
        hint = f"Add {name} to the dependencies of {task.name}, and it gets that task's value."
    elif not given.must_suffice:
        hint = f"Give it at each run, or in the params of {task.name}."
    return _finding(
        task,
        function,
        "param-missing",
        f"{function.name} of the task {task.name} needs {name}, and nothing gives it",
        hint,
        place,
    )


def _finding(
    task: Task, function: Function, code: str, message: str, hint: str, place: str
) -> Finding:
    return Finding(
        "error",
        code,
        message,
        hint,
        task=task.name,
        file=task.script_path,
        line=function.lines[0],
        pointer=place,
    )
