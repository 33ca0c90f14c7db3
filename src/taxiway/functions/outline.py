"""What running a module binds at its top, from its syntax tree."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice

Definition = ast.FunctionDef | ast.AsyncFunctionDef
_SCOPES = ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef | ast.Lambda
_DYNAMIC = ("globals", "vars", "locals", "exec", "setattr")
_MOST_INNER = 200  # functions that are named though they cannot be called


@dataclass(frozen=True)
class Outline:
    """`unconditional`: the lines of `def`s that stand in no block; `names`: what is bound
    otherwise; `is_dynamic`: more names may appear when it runs. `generators`: the lines of `def`s
    that yield; `inner`: functions inside of others and of classes, as `Model.train`; `imports`:
    the modules that it may import, relative ones with their dots."""

    unconditional: frozenset[int]
    names: tuple[str, ...]
    is_dynamic: bool
    classes: tuple[str, ...] = ()
    generators: frozenset[int] = frozenset()
    inner: tuple[str, ...] = ()
    imports: tuple[str, ...] = ()


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
        classes=tuple(node.name for node in _module_level(tree) if isinstance(node, ast.ClassDef)),
        generators=frozenset(
            node.lineno
            for node in _module_level(tree)
            if isinstance(node, Definition) and _yields(node)
        ),
        inner=tuple(islice(_inner(tree), _MOST_INNER)),
        imports=tuple(dict.fromkeys(_imports(tree))),
    )


def _yields(function: Definition) -> bool:
    """Whether calling it gives a generator: a `yield` of its own, not of a function inside it."""
    waiting: list[ast.AST] = list(function.body)
    while waiting:
        node = waiting.pop()
        if isinstance(node, ast.Yield | ast.YieldFrom):
            return True
        if not isinstance(node, _SCOPES):
            waiting += ast.iter_child_nodes(node)
    return False


def _inner(tree: ast.Module) -> Iterator[str]:
    waiting: list[tuple[ast.AST, str]] = [(node, "") for node in reversed(tree.body)]
    while waiting:
        node, owner = waiting.pop()
        below = owner
        if isinstance(node, Definition | ast.ClassDef):
            below = f"{owner}{node.name}."
            if owner and isinstance(node, Definition):
                yield below.rstrip(".")
        waiting += [(child, below) for child in reversed(list(ast.iter_child_nodes(node)))]


def _imports(tree: ast.Module) -> Iterator[str]:
    """Also those inside of functions: they run when the function does."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            module = "." * node.level + (node.module or "")
            yield module
            dot = "." if node.module else ""
            yield from (f"{module}{dot}{a.name}" for a in node.names if a.name != "*")


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
