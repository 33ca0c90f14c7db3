"""The code of a task: whether its file and its function are there, and can be called as they are."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from taxiway.functions.model import Catalogue, FileFunctions, Function, Unreadable
from taxiway.git.trees import LINK, SUBMODULE
from taxiway.release.findings import Finding, did_you_mean, nearest, pointer
from taxiway.release.tree import Tree, source_path
from taxiway.workflow.models import Task

_SHOWN = 20
# What the catalogue says of a file, and what it means for a task.
_CODES = {"file-not-python": "script-not-python", "file-too-large": "script-too-large"}


@dataclass(frozen=True)
class Called:
    """The function that a task calls, where the text of its file tells it."""

    function: Function | None
    findings: tuple[Finding, ...] = ()


def called_by(
    task: Task, tree: Tree | None, catalogue: Catalogue, *, has_repository: bool
) -> Called:
    if not task.is_git:
        file = catalogue.functions(source_path(task))
        return _inline(task, file) if file else Called(None)
    if tree is None:
        return Called(None, () if has_repository else (_no_repository(task),))
    return _git(task, tree, catalogue)


def _git(task: Task, tree: Tree, catalogue: Catalogue) -> Called:
    if task.script_path in tree.lfs:
        return Called(None, (_kept_by_lfs(task),))
    file = catalogue.functions(source_path(task))
    if file is None:
        return Called(None, (_no_script(task, tree),))
    if file.problem is not None:
        return Called(None, (_unreadable(task, file.problem),))
    name = task.function_name or ""
    function = file.find(name)
    if function is None:
        return Called(None, tuple(_not_there(task, name, file)))
    return Called(function, tuple(_as_used(task, function)))


def _inline(task: Task, file: FileFunctions) -> Called:
    if file.problem is not None:
        return Called(None, (_unreadable(task, file.problem),))
    top = [function.name for function in file.functions if not function.is_conditional]
    # As the runner chooses: the only function at the top, or the one named like the task.
    name = top[0] if len(top) == 1 else task.name
    function = file.find(name) if name in top else None
    if function is None:
        return Called(
            None,
            (
                _finding(
                    task,
                    "inline-not-one-function",
                    f"The code of {task.name} defines {len(top) or 'no'} functions at its top, "
                    "not one",
                    f"Keep one function, or name the one to run {task.name}.",
                ),
            ),
        )
    return Called(function, tuple(_as_used(task, function)))


def _kept_by_lfs(task: Task) -> Finding:
    return _at_script(
        task,
        "script-kept-by-lfs",
        f"{task.script_path} is kept by Git LFS, so its functions are not known before it runs",
        "Take Python files out of Git LFS: `git lfs untrack`.",
    ).as_warning()


def _no_repository(task: Task) -> Finding:
    return Finding(
        "error",
        "repository-missing",
        f"The task {task.name} runs {task.script_path}, but the workflow has no git_repository",
        "Set git_repository on the workflow, or use python_callable.",
        task=task.name,
        pointer=pointer("tasks", task.name),
    )


def _no_script(task: Task, tree: Tree) -> Finding:
    path = task.script_path or ""
    parts = path.split("/")
    for depth in range(1, len(parts) + 1):
        entry = tree.entries.get("/".join(parts[:depth]))
        if entry is not None and entry.mode in (LINK, SUBMODULE):
            kind = "link" if entry.mode == LINK else "submodule"
            return _at_script(
                task,
                f"path-is-{kind}",
                f"{entry.path} is a {kind}; {path} cannot be run through it",
                "Name the file itself by its path in the repository.",
            )
    near = _near_script(path, tree)
    return _at_script(
        task,
        "script-not-found",
        f"The task {task.name} runs {path}, which is not in this commit"
        + (f"; did you mean `{near}`?" if near else ""),
        (f"did you mean `{near}`? " if near else "")
        + "Give the path from the root of the repository, or of git_subdirectory, as in "
        "src/train.py.",
    )


def _near_script(path: str, tree: Tree) -> str | None:
    """A file of the same name elsewhere, else one that is called alike."""
    scripts = [one for one in tree.entries if one.endswith(".py")]
    name = path.rpartition("/")[2]
    same = [one for one in scripts if one.rpartition("/")[2] == name]
    return nearest(path, same) or (same[0] if len(same) == 1 else nearest(path, scripts))


def _not_there(task: Task, name: str, file: FileFunctions) -> Iterator[Finding]:
    if name in file.classes:
        yield Finding(
            "warning",
            "function-is-class",
            f"`{name}` in {file.path} is a class: the task makes an object of it, and its value "
            "is that object",
            "Name a function if the object is not what the next task shall have.",
            task=task.name,
            file=file.path,
            pointer=_field(task),
        )
        return
    if name in file.names or file.is_dynamic:
        return  # imported, assigned or made at run time: only running can tell
    inner = [one for one in file.inner if one == name or one.rpartition(".")[2] == name]
    if inner:
        owner = inner[0].rpartition(".")[0]
        yield _finding(
            task,
            "function-not-top-level",
            f"`{inner[0]}` in {file.path} stands inside of `{owner}`, where no task can call it",
            f"Move it to the top of the file, or write a function there that calls it. "
            f"{_known(file)}",
        )
        return
    near = did_you_mean(name, _names(file))
    meant = file.find(nearest(name, _names(file)) or "")
    missing = _finding(
        task,
        "function-not-found",
        f"no function `{name}` in {file.path}" + (f"; {near}" if near else ""),
        f"{near} {_known(file)}".strip(),
    )
    yield replace(missing, line=meant.lines[0] if meant else None)


def _names(file: FileFunctions) -> Sequence[str]:
    return [function.name for function in file.functions]


def _known(file: FileFunctions) -> str:
    names = _names(file)
    if not names:
        return f"{file.path} defines no function at its top."
    more = f" and {len(names) - _SHOWN} more" if len(names) > _SHOWN else ""
    return f"{file.path} has: {', '.join(names[:_SHOWN])}{more}."


def _as_used(task: Task, function: Function) -> Iterator[Finding]:
    """Async functions are run to their end; generators are not."""
    if not function.is_generator or not function.is_certain:
        return
    yield Finding(
        "warning",
        "function-is-generator",
        f"`{function.name}`{f' in {function.path}' if task.is_git else ''} is a generator: calling "
        "it runs none of its code, and a generator cannot be handed on",
        "Return a list, or write a function that goes through it.",
        task=task.name,
        file=task.script_path,
        line=function.lines[0],
        pointer=_field(task),
    )


def _unreadable(task: Task, problem: Unreadable) -> Finding:
    where = task.script_path or f"the code of {task.name}"
    said = f"{where}: {problem.reason}"
    if problem.code == "file-not-python":
        said = f"{where}, line {problem.line}: {problem.reason}"
    return Finding(
        "error",
        _CODES.get(problem.code, problem.code),
        said,
        problem.hint if task.is_git else "Mend the code.",
        task=task.name,
        file=task.script_path,
        line=problem.line,
        pointer=_field(task),
    )


def _at_script(task: Task, code: str, message: str, hint: str) -> Finding:
    return Finding(
        "error",
        code,
        message,
        hint,
        task=task.name,
        file=task.script_path,
        pointer=pointer("tasks", task.name, "script_path"),
    )


def _finding(task: Task, code: str, message: str, hint: str) -> Finding:
    return Finding(
        "error",
        code,
        message,
        hint,
        task=task.name,
        file=task.script_path,
        pointer=_field(task),
    )


def _field(task: Task) -> str:
    return pointer("tasks", task.name, "function_name" if task.is_git else "python_callable")
