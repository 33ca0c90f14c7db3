"""What running a module binds at its top, from its syntax tree."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass

Definition = ast.FunctionDef | ast.AsyncFunctionDef
_SCOPES = ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef | ast.Lambda
_DYNAMIC = ("globals", "vars", "locals", "exec", "setattr")


@dataclass(frozen=True)
class Outline:
    """`unconditional`: the lines of `def`s that stand in no block; `names`: what is bound
    otherwise; `is_dynamic`: more names may appear when it runs."""

    unconditional: frozenset[int]
    names: tuple[str, ...]
    is_dynamic: bool


def outline(tree: ast.Module) -> Outline:
    names: set[str] = set()
    is_dynamic = False
    for node in _module_level(tree):
        names |= _bound(node)
        is_dynamic |= isinstance(node, ast.Name) and node.id in _DYNAMIC
        is_dynamic |= isinstance(node, Definition) and node.name == "__getattr__"
    return Outline(
        unconditional=frozenset(node.lineno for node in tree.body if isinstance(node, Definition)),
        names=tuple(sorted(names - {"*"})),
        is_dynamic=is_dynamic or "*" in names,
    )


def _module_level(tree: ast.Module) -> Iterator[ast.AST]:
    """All nodes that run when the module is imported, in the order of the file."""
    waiting: list[ast.AST] = list(reversed(tree.body))
    while waiting:
        node = waiting.pop()
        yield node
        if not isinstance(node, _SCOPES):
            waiting += reversed(list(ast.iter_child_nodes(node)))


def _bound(node: ast.AST) -> set[str]:
    """The names that a node binds, functions excepted; `*` for a star import."""
    if isinstance(node, ast.Import | ast.ImportFrom):
        return {(alias.asname or alias.name).split(".")[0] for alias in node.names}
    if isinstance(node, ast.ClassDef):
        return {node.name}
    if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
        return {node.id}
    if isinstance(node, ast.MatchAs | ast.MatchStar) and node.name:
        return {node.name}
    return set()
