"""What running a module binds at its top, from its syntax tree."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

Definition = ast.FunctionDef | ast.AsyncFunctionDef
_SCOPES = ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef | ast.Lambda
_DYNAMIC = ("globals", "vars", "locals", "exec", "setattr")
_BLOCKS = ("finalbody", "orelse", "handlers", "cases", "body")  # the first one is read last
_MOST_INNER = 200  # functions that are named though they cannot be called


@dataclass(frozen=True)
class Outline:
    """`unconditional`: the lines of `def`s that stand in no block; `names`: what is bound
    otherwise; `is_dynamic`: more names may appear when it runs. `generators`: the lines of `def`s
    that yield; `inner`: functions inside of others and of classes, as `Model.train`; `imports`:
    the modules that it may import, relative ones with their dots; `pulls`: the line of a `def` →
    the tasks that it names to `xcom_pull`."""

    unconditional: frozenset[int]
    names: tuple[str, ...]
    is_dynamic: bool
    classes: tuple[str, ...] = ()
    generators: frozenset[int] = frozenset()
    inner: tuple[str, ...] = ()
    imports: tuple[str, ...] = ()
    pulls: Mapping[int, tuple[str, ...]] = field(default_factory=dict)


def outline(tree: ast.Module, *, may_yield: bool = True, may_pull: bool = True) -> Outline:
    """`may_yield`, `may_pull`: whether the word stands in the file at all; looking costs most."""
    names: set[str] = set()
    is_dynamic = False
    top = list(_module_level(tree))
    for node in top:
        names |= _bound(node)
        is_dynamic |= isinstance(node, ast.Name) and node.id in _DYNAMIC
        is_dynamic |= isinstance(node, Definition) and node.name == "__getattr__"
    inner, imports = _inside(tree)
    return Outline(
        unconditional=frozenset(node.lineno for node in tree.body if isinstance(node, Definition)),
        names=tuple(sorted(names - {"*"})),
        is_dynamic=is_dynamic or "*" in names,
        classes=tuple(node.name for node in top if isinstance(node, ast.ClassDef)),
        generators=frozenset(
            node.lineno
            for node in top
            if may_yield and isinstance(node, Definition) and _yields(node)
        ),
        inner=tuple(inner[:_MOST_INNER]),
        imports=tuple(dict.fromkeys(imports)),
        pulls={
            node.lineno: tuple(dict.fromkeys(_pulls(node)))
            for node in top
            if may_pull and isinstance(node, Definition)
        },
    )


def _pulls(function: Definition) -> Iterator[str]:
    """The tasks that stand as plain text in `….xcom_pull(task_ids=…)`."""
    for node in ast.walk(function):
        if isinstance(node, ast.Call) and getattr(node.func, "attr", "") == "xcom_pull":
            given = [k.value for k in node.keywords if k.arg == "task_ids"] or node.args[:1]
            for value in given:
                named = getattr(value, "elts", [value])
                yield from (
                    one.value
                    for one in named
                    if isinstance(one, ast.Constant) and isinstance(one.value, str)
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


def _inside(tree: ast.Module) -> tuple[list[str], list[str]]:
    """The functions inside of others and of classes, and all imports: also those inside of
    functions run, when the function does. Only statements are looked at, never expressions."""
    inner: list[str] = []
    imports: list[str] = []
    waiting: list[tuple[ast.AST, str]] = [(node, "") for node in reversed(tree.body)]
    while waiting:
        node, owner = waiting.pop()
        if isinstance(node, Definition | ast.ClassDef):
            if owner and isinstance(node, Definition):
                inner.append(owner + node.name)
            owner += f"{node.name}."
        elif isinstance(node, ast.Import | ast.ImportFrom):
            imports += _imported(node)
        for name in _BLOCKS:
            below = getattr(node, name, None)
            if isinstance(below, list):
                waiting += [(child, owner) for child in reversed(below)]
    return inner, imports


def _imported(node: ast.Import | ast.ImportFrom) -> Iterator[str]:
    if isinstance(node, ast.Import):
        yield from (alias.name for alias in node.names)
        return
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
