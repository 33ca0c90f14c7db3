"""The deploy check: what can be proven about the tasks' code without importing it.

Sources are parsed by a process of their own with little memory and time, because a hostile file
can cost gigabytes to parse. All problems are reported at once, each with its place and a remedy.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterator
from importlib.resources import files
from typing import Any

from taxiway import process
from taxiway.errors import Invalid, Problem, Unavailable
from taxiway.workflow.models import Task, Workflow

SOURCE_LIMIT = 1 << 20
_LIMITS = process.Limits(address_space=1 << 30, cpu_seconds=10)
_SCRIPT = files("taxiway.release").joinpath("outline.py").read_text("utf-8")

Read = Callable[[str], bytes | None]


def check_tasks(workflow: Workflow, read: Read | None) -> None:
    """Raise `Invalid` (`deploy-check-failed`, or the one problem's own code) for what cannot run.

    `read` gives a file of the commit by its path, or None where there is none; it is None itself
    for a workflow without a repository.
    """
    problems = list(_problems(workflow, read))
    if not problems:
        return
    first = problems[0]
    if len(problems) == 1:
        raise Invalid(first.code, first.message, hint=first.hint, problems=problems)
    raise Invalid(
        "deploy-check-failed",
        f"{workflow.name} cannot be deployed: {len(problems)} problems",
        hint=first.hint,
        problems=problems,
    )


def _problems(workflow: Workflow, read: Read | None) -> Iterator[Problem]:
    sources: dict[str, str] = {}
    for task in workflow.tasks:
        problem = _read_source(task, read, sources)
        if problem:
            yield problem
    outlines = _outline(sources)
    for task in workflow.tasks:
        outline = outlines.get(_key(task))
        if outline is not None:
            yield from _check(task, outline)


def _key(task: Task) -> str:
    return f"git:{task.script_path}" if task.is_git else f"inline:{task.name}"


def _read_source(task: Task, read: Read | None, sources: dict[str, str]) -> Problem | None:
    place = f"/tasks/{task.name}"
    if not task.is_git:
        sources[_key(task)] = task.python_callable or ""
        return None
    if _key(task) in sources:
        return None
    if read is None:
        return Problem(
            "repository-missing",
            f"The task {task.name} runs {task.script_path}, but the workflow has no git_repository",
            place,
            "Set git_repository on the workflow, or use python_callable.",
        )
    data = read(task.script_path or "")
    if data is None:
        return Problem(
            "script-not-found",
            f"The task {task.name} runs {task.script_path}, which is not in this commit",
            f"{place}/script_path",
            "Give the path from the repository's root, as in src/train.py.",
        )
    if len(data) > SOURCE_LIMIT:
        return Problem(
            "script-too-large",
            f"{task.script_path} has {len(data)} bytes; the limit is {SOURCE_LIMIT}",
            f"{place}/script_path",
            "Move data out of the script.",
        )
    sources[_key(task)] = data.decode("utf-8", "surrogateescape")
    return None


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


def _check(task: Task, outline: dict[str, Any]) -> Iterator[Problem]:
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
    if task.is_git:
        name = task.function_name or ""
        if name not in functions:
            if name in outline["names"] or "*" in outline["names"]:
                return  # imported or assigned: only running can tell
            yield _no_such_function(task, place, sorted(functions))
            return
    else:
        name = task.name if task.name in functions else next(iter(functions), "")
        if len(functions) != 1 and name != task.name:
            yield Problem(
                "inline-not-one-function",
                f"The code of {task.name} defines {len(functions)} functions, not one",
                place,
                f"Keep one function, or name the one to run {task.name}.",
            )
            return
    yield from _check_params(task, name, functions[name])


def _no_such_function(task: Task, place: str, known: list[str]) -> Problem:
    return Problem(
        "function-not-found",
        f"{task.script_path} has no function {task.function_name}",
        place,
        f"It has: {', '.join(known[:20])}." if known else "It defines no function at all.",
    )


def _check_params(task: Task, name: str, signature: dict[str, Any]) -> Iterator[Problem]:
    if signature["kwargs"]:
        return
    for param in task.params:
        if param not in signature["names"]:
            yield Problem(
                "param-not-taken",
                f"{name} does not take the param {param}",
                f"/tasks/{task.name}/params/{param}",
                f"It takes: {', '.join(signature['names']) or 'none'}. Or add **kwargs to it.",
            )
