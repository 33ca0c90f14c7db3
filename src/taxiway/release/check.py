"""The deploy check: what can be proven about the tasks' code without importing it.

Sources are parsed by a process of their own with little memory and time, because a hostile file
can cost gigabytes to parse. All problems are reported at once, each with its place and a remedy.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import lru_cache
from importlib.resources import files
from typing import Any

from taxiway import process
from taxiway.errors import Invalid, Problem, Unavailable
from taxiway.workflow.models import Task, Workflow

SOURCE_LIMIT = 1 << 20
_LIMITS = process.Limits(address_space=1 << 30, cpu_seconds=10)
_SCRIPT = files("taxiway.release").joinpath("outline.py").read_text("utf-8")

Read = Callable[[str], bytes | None]


def check_tasks(workflow: Workflow, read: Read | None) -> tuple[list[Problem], list[str]]:
    """All that cannot run, and notes on what may not.

    `read` gives a file of the commit by its path, or None where there is none; it is None itself
    for a workflow without a repository.
    """
    sources: dict[str, str] = {}
    found = [_read_source(task, read, sources) for task in workflow.tasks]
    problems = [problem for problem in found if problem]
    notes: list[str] = []
    outlines = _outline(sources)
    for task in workflow.tasks:
        outline = outlines.get(_key(task))
        if outline is not None:
            problems += _check(task, outline, notes)
    return problems, notes


def check_overrides(
    workflow: Workflow, read: Read | None, params: Mapping[str, Mapping[str, Any]]
) -> list[Problem]:
    """The params of a run, by task, that the functions do not take.

    What the text of a function does not tell is let pass, as at the deploy.
    """
    problems: list[Problem] = []
    for task in workflow.tasks:
        sources: dict[str, str] = {}
        if not params.get(task.name) or _read_source(task, read, sources):
            continue
        name, signature = _called(task, _outline_once(sources[_key(task)]))
        if signature is not None and not signature["unknown"]:
            problems += _not_taken(name, signature, params[task.name], f"/params/{task.name}")
    return problems


@lru_cache(maxsize=64)
def _outline_once(source: str) -> dict[str, Any]:
    return _outline({"source": source})["source"]


def _called(task: Task, outline: dict[str, Any]) -> tuple[str, dict[str, Any] | None]:
    """The function that the task calls, and its signature if it is certain."""
    if "error" in outline:
        return "", None
    name = (task.function_name or "") if task.is_git else _inline_function(task, outline["top"])
    certain = name not in outline["names"]
    return name, outline["functions"].get(name) if certain else None


def refuse(workflow: Workflow, problems: Sequence[Problem]) -> None:
    """Raise `Invalid` where there are problems: `deploy-check-failed`, or the one's own code."""
    if not problems:
        return
    first = problems[0]
    if len(problems) == 1:
        raise Invalid(first.code, first.message, hint=first.hint, problems=problems)
    raise Invalid(
        "deploy-check-failed",
        f"{workflow.name} cannot be deployed: {len(problems)} problems",
        hint="Mend what `errors` lists; each entry says how.",
        problems=problems,
    )


def _key(task: Task) -> str:
    return f"git:{task.script_path}" if task.is_git else f"inline:{task.name}"


def _read_source(task: Task, read: Read | None, sources: dict[str, str]) -> Problem | None:
    if not task.is_git:
        sources[_key(task)] = task.python_callable or ""
        return None
    if _key(task) in sources:
        return None
    if read is None:
        return Problem(
            "repository-missing",
            f"The task {task.name} runs {task.script_path}, but the workflow has no git_repository",
            f"/tasks/{task.name}",
            "Set git_repository on the workflow, or use python_callable.",
        )
    try:
        sources[_key(task)] = _script(task, read(task.script_path or ""))
    except Invalid as error:  # also: a link, a submodule, no path at all
        place = f"/tasks/{task.name}/script_path"
        return Problem(error.code, error.message, place, error.hint)
    return None


def _script(task: Task, data: bytes | None) -> str:
    if data is None:
        raise Invalid(
            "script-not-found",
            f"The task {task.name} runs {task.script_path}, which is not in this commit",
            hint="Give the path from the repository's root, as in src/train.py.",
        )
    if len(data) > SOURCE_LIMIT:
        raise Invalid(
            "script-too-large",
            f"{task.script_path} has {len(data)} bytes; the limit is {SOURCE_LIMIT}",
            hint="Move data out of the script.",
        )
    return data.decode("utf-8", "surrogateescape")


def _outline(sources: dict[str, str]) -> dict[str, dict[str, Any]]:
    """What each source defines at its top level, or `{"error": …, "line": …}`."""
    if not sources:
        return {}
    try:
        done = process.run(
            [sys.executable, "-I", "-S", "-c", _SCRIPT],
            env={"LC_ALL": "C.UTF-8"},
            stdin=json.dumps(sources).encode(),
            timeout=30,
            limits=_LIMITS,
        )
    except Unavailable:
        done = None
    if done is None or done.returncode:
        if len(sources) > 1:  # one of them is at fault: find out which
            return {k: v for one in sources.items() for k, v in _outline(dict([one])).items()}
        message = "it takes more memory or time to parse than is allowed"
        return {key: {"error": message, "line": 1} for key in sources}
    return dict(json.loads(done.stdout))


def _check(task: Task, outline: dict[str, Any], notes: list[str]) -> Iterator[Problem]:
    where = task.script_path or f"the code of {task.name}"
    field = "function_name" if task.is_git else "python_callable"
    place = f"/tasks/{task.name}/{field}"
    if "error" in outline:
        yield Problem(
            "script-not-python",
            f"{where}, line {outline['line']}: {outline['error']}",
            place,
            "Mend the file and commit it." if task.is_git else "Mend the code.",
        )
        return
    functions: dict[str, Any] = outline["functions"]
    name = (task.function_name or "") if task.is_git else _inline_function(task, outline["top"])
    if not name:
        yield _not_one_function(task, place, len(set(outline["top"])))
    elif name in outline["names"] or (name not in functions and outline["dynamic"]):
        return  # imported, assigned or made at run time: only running can tell
    elif name not in functions:
        yield _no_such_function(task, place, sorted(functions))
    else:
        yield from _check_params(task, name, functions[name], notes)


def _inline_function(task: Task, top: list[str]) -> str:
    """As the runner chooses: the only function at the top, or the one named like the task."""
    if len(set(top)) == 1:
        return top[0]
    return task.name if task.name in top else ""


def _not_one_function(task: Task, place: str, count: int) -> Problem:
    return Problem(
        "inline-not-one-function",
        f"The code of {task.name} defines {count or 'no'} functions at its top, not one",
        place,
        f"Keep one function, or name the one to run {task.name}.",
    )


def _no_such_function(task: Task, place: str, known: list[str]) -> Problem:
    return Problem(
        "function-not-found",
        f"{task.script_path} has no function {task.function_name}",
        place,
        f"It has: {', '.join(known[:20])}." if known else "It defines no function at all.",
    )


def _not_taken(
    name: str, signature: dict[str, Any], params: Iterable[str], place: str
) -> Iterator[Problem]:
    taken = signature["names"]
    for param in params:
        pointer = f"{place}/{param.replace('~', '~0').replace('/', '~1')}"
        if param == "context" and signature["context"]:
            yield Problem(
                "param-not-taken",
                f"{name} takes Airflow's context, so no param can have the name context",
                pointer,
                "Rename that param.",
            )
        elif param not in taken and param != "context" and not signature["kwargs"]:
            yield Problem(
                "param-not-taken",
                f"{name} does not take the param {param}",
                pointer,
                f"It takes: {', '.join(taken) or 'none'}. Or add **kwargs to it.",
            )


def _check_params(
    task: Task, name: str, signature: dict[str, Any], notes: list[str]
) -> Iterator[Problem]:
    if signature["unknown"]:
        return
    yield from _not_taken(name, signature, task.params, f"/tasks/{task.name}/params")
    lacking = [param for param in signature["required"] if param not in task.params]
    if lacking:
        notes.append(
            f"{name} of the task {task.name} needs {', '.join(lacking)}, and its params do not "
            "give that: give it at each run, or in the params."
        )
