"""The one syntax tree that a generated file may have; a file with any other never leaves.

The file is parsed once, as Airflow will parse it, and each of its statements is compared with what
must stand in its place. What is compared with comes from values and knows nothing of the template's
text. So a value that got out of its literal, or a careless edit of the template, is found before
publishing.
"""

from __future__ import annotations

import ast
from dataclasses import dataclass
from functools import lru_cache
from typing import NamedTuple

COOKIE = "# -*- coding: utf-8 -*-\n"
FILE_NAMES = (
    "json",
    "DAG",
    "dag_arguments",
    "git_task",
    "inline_task",
    "execute_git_task",
    "GIT_REPOSITORY",
    "GIT_BRANCH",
    "WORKFLOW",
)
_ABOVE = '''\
"""Made by Taxiway at a deploy, and replaced by the next one: change the workflow, not this file."""
import json
from airflow.sdk import DAG
from taxiway.airflow.dags import {imports}
WORKFLOW = json.loads("<literal>")
'''
_ABOVE_GIT = '''\
"""Made by Taxiway at a deploy, and replaced by the next one: change the workflow, not this file."""
import json
from airflow.sdk import DAG
from taxiway.airflow.dags import {imports}
GIT_REPOSITORY = "<repository>"
GIT_BRANCH = "<branch>"
WORKFLOW = json.loads("<literal>")
def execute_git_task(name):
    """A task that runs its function from GIT_REPOSITORY, at the commit above, with its packages."""
    return git_task(WORKFLOW, name, repository=GIT_REPOSITORY, branch=GIT_BRANCH)
'''
_HOLES = ("<literal>", "<repository>", "<branch>")


class TaskLine(NamedTuple):
    """`<variable> = execute_git_task('<name>')`, or the same for inline code."""

    variable: str
    name: str
    is_git: bool

    @property
    def literal(self) -> str:
        return ascii(self.name)


@dataclass(frozen=True)
class Shape:
    """All that differs between two generated files. `repository` and `branch` are None in a file
    without a Git task."""

    repository: str | None
    branch: str | None
    literal: str
    tasks: tuple[TaskLine, ...]
    edges: tuple[tuple[str, str], ...]

    @property
    def imports(self) -> tuple[str, ...]:
        kinds = {"git_task" if task.is_git else "inline_task" for task in self.tasks}
        return ("dag_arguments", *sorted(kinds))


class NotTheSkeleton(Exception):
    """A bug of ours: the rendered file is not what it must be. It is not published."""


def require_shape(text: str, shape: Shape) -> None:
    """Raise unless `text` is ASCII, begins with the coding cookie and has the tree of `shape`."""
    if not text.isascii() or not text.startswith(COOKIE):
        raise NotTheSkeleton("the file is not ASCII under a coding cookie")
    try:
        tree = ast.parse(text.encode("ascii"))  # as bytes: the way Airflow will read it
    except (SyntaxError, ValueError) as error:
        raise NotTheSkeleton(f"the file is no Python: {error}") from error
    *above, block = tree.body or [ast.Pass()]
    if _flat(above) != _frame(shape):
        raise NotTheSkeleton(f"above the DAG stands {ast.unparse(ast.Module(above, []))}")
    if type(block) is not ast.With or _flat(block.items) != _WITH:
        raise _difference("the last statement", block)
    _require_lines(block.body, shape)


def _require_lines(body: list[ast.stmt], shape: Shape) -> None:
    """The tasks in their order, then the edges, and nothing else."""
    if len(body) != len(shape.tasks) + len(shape.edges):
        raise NotTheSkeleton(f"the DAG has {len(body)} statements")
    lines = iter(body)
    for task in shape.tasks:
        if not _is_task(line := next(lines), task):
            raise _difference(f"the line of task {task.name}", line)
    for edge in shape.edges:
        if not _is_edge(line := next(lines), edge):
            raise _difference(f"the line of {' >> '.join(edge)}", line)


def _difference(what: str, found: ast.stmt) -> NotTheSkeleton:
    return NotTheSkeleton(f"{what} is {ast.unparse(found)}")


def _flat(tree: object) -> list[object]:
    """All types, fields and lengths of lists below `tree`, in an order that tells every tree from
    every other; where it stands in the text is left out."""
    found: list[object] = []
    left = [tree]
    while left:
        node = left.pop()
        if isinstance(node, ast.AST):
            found.append(type(node))
            left += [getattr(node, name, None) for name in node._fields]
        elif type(node) is list:
            found.append(("list", len(node)))
            left += node
        else:
            found.append((type(node), node))
    return found


_WITH = _flat(ast.parse("with DAG(**dag_arguments(WORKFLOW)): pass").body[0].items)  # type: ignore[attr-defined]


def _frame(shape: Shape) -> list[object]:
    """What must stand above the DAG, flat."""
    frame, holes = _frame_with_holes(shape.imports, shape.repository is not None)
    texts = (f"\n{shape.literal}\n", shape.repository, shape.branch)
    frame = list(frame)
    for place, text in zip(holes, texts, strict=False):
        frame[place] = (str, text)
    return frame


@lru_cache
def _frame_with_holes(imports: tuple[str, ...], has_git: bool) -> tuple[list[object], list[int]]:
    """The frame, and the places in it of the literal, the repository and the branch."""
    above = _ABOVE_GIT if has_git else _ABOVE
    frame = _flat(ast.parse(above.format(imports=", ".join(imports))).body)
    return frame, [frame.index((str, hole)) for hole in _HOLES if hole in above]


def _is_task(found: ast.stmt, task: TaskLine) -> bool:
    if type(found) is not ast.Assign or len(found.targets) != 1:
        return False
    call = found.value
    if type(call) is not ast.Call or call.keywords or not _is_name(found.targets[0], task.variable):
        return False
    if task.is_git:
        return (
            len(call.args) == 1
            and _is_name(call.func, "execute_git_task")
            and _is_text(call.args[0], task.name)
        )
    return (
        len(call.args) == 2
        and _is_name(call.func, "inline_task")
        and _is_name(call.args[0], "WORKFLOW")
        and _is_text(call.args[1], task.name)
    )


def _is_edge(found: ast.stmt, edge: tuple[str, str]) -> bool:
    upstream, downstream = edge
    if type(found) is not ast.Expr or type(found.value) is not ast.BinOp:
        return False
    shift = found.value
    return (
        type(shift.op) is ast.RShift
        and _is_name(shift.left, upstream)
        and _is_name(shift.right, downstream)
    )


def _is_name(found: ast.expr, name: str) -> bool:
    return type(found) is ast.Name and found.id == name


def _is_text(found: object, text: str | None) -> bool:
    """A plain string literal: a `u` before it would be no difference but is one."""
    return (
        type(found) is ast.Constant
        and type(found.value) is str
        and found.value == text
        and found.kind is None
    )
