"""The one syntax tree that a generated file may have; a file with any other never leaves.

The tree is built here from values, node by node, and knows nothing of the template's text. So a
value that got out of its literal, or a careless edit of the template, is found before publishing.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass

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
_HEAD = '''\
"""Made by Taxiway at a deploy, and replaced by the next one: change the workflow, not this file."""
import json
from airflow.sdk import DAG
'''
_HELPER = '''\
def execute_git_task(name):
    """A task that runs its function from GIT_REPOSITORY, at the commit above, with its packages."""
    return git_task(WORKFLOW, name, repository=GIT_REPOSITORY, branch=GIT_BRANCH)
'''


def _dump(node: ast.AST) -> str:
    return ast.dump(node, include_attributes=False)


_HEAD_DUMPS = [_dump(node) for node in ast.parse(_HEAD).body]
_HELPER_DUMPS = [_dump(node) for node in ast.parse(_HELPER).body]


@dataclass(frozen=True)
class TaskLine:
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
    def imports(self) -> list[str]:
        kinds = {"git_task" if task.is_git else "inline_task" for task in self.tasks}
        return ["dag_arguments", *sorted(kinds)]


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
    for number, (found, expected) in enumerate(_pairs(tree, shape)):
        if found != expected:
            raise NotTheSkeleton(f"statement {number} is {found}, not {expected}")


def _pairs(tree: ast.Module, shape: Shape) -> Iterator[tuple[str | None, str | None]]:
    found = [_dump(node) for node in tree.body]
    expected = list(_expected(shape))
    for index in range(max(len(found), len(expected))):
        yield (
            found[index] if index < len(found) else None,
            expected[index] if index < len(expected) else None,
        )


def _expected(shape: Shape) -> Iterator[str]:
    yield from _HEAD_DUMPS
    names = [ast.alias(name=name) for name in shape.imports]
    yield _dump(ast.ImportFrom(module="taxiway.airflow.dags", names=names, level=0))
    if shape.repository is not None:
        yield _dump(_assign("GIT_REPOSITORY", ast.Constant(shape.repository)))
        yield _dump(_assign("GIT_BRANCH", ast.Constant(shape.branch)))
    loads = ast.Attribute(_load("json"), "loads", ast.Load())
    yield _dump(_assign("WORKFLOW", _call(loads, ast.Constant(f"\n{shape.literal}\n"))))
    if shape.repository is not None:
        yield from _HELPER_DUMPS
    yield _dump(_with(shape))


def _with(shape: Shape) -> ast.With:
    arguments = _call(_load("dag_arguments"), _load("WORKFLOW"))
    dag = ast.Call(_load("DAG"), [], [ast.keyword(arg=None, value=arguments)])
    body: list[ast.stmt] = [_task(line) for line in shape.tasks]
    body += [
        ast.Expr(ast.BinOp(_load(upstream), ast.RShift(), _load(downstream)))
        for upstream, downstream in shape.edges
    ]
    return ast.With([ast.withitem(context_expr=dag)], body)


def _task(line: TaskLine) -> ast.Assign:
    name = ast.Constant(line.name)
    if line.is_git:
        return _assign(line.variable, _call(_load("execute_git_task"), name))
    return _assign(line.variable, _call(_load("inline_task"), _load("WORKFLOW"), name))


def _assign(name: str, value: ast.expr) -> ast.Assign:
    return ast.Assign([ast.Name(name, ast.Store())], value)


def _call(function: ast.expr, *arguments: ast.expr) -> ast.Call:
    return ast.Call(function, list(arguments), [])


def _load(name: str) -> ast.Name:
    return ast.Name(name, ast.Load())
