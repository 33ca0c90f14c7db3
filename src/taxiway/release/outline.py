"""Outlines Python sources: runs as a script of its own, on the standard library only.

stdin: JSON, key → source. stdout: JSON, key → what `outline` returns, or `{"error", "line"}`.
Nothing of the source is executed.
"""

from __future__ import annotations

import ast
import json
import sys
import warnings
from collections.abc import Iterator
from typing import Any

Function = ast.FunctionDef | ast.AsyncFunctionDef
_SCOPES = ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef | ast.Lambda
_DYNAMIC = ("globals", "vars", "locals", "exec", "setattr")


def outline(source: str) -> dict[str, Any]:
    """`functions`: name → signature, of those defined outside of any other function or class;
    `top`: the names of those not inside any block; `names`: what else is bound there; `dynamic`:
    more names may appear when it runs."""
    try:
        tree = ast.parse(source.encode("utf-8", "surrogateescape"))
    except SyntaxError as error:
        return {"error": error.msg, "line": error.lineno or 1}
    except (ValueError, RecursionError, MemoryError) as error:
        return {"error": str(error) or "it is nested too deeply", "line": 1}
    functions: dict[str, Any] = {}
    names: set[str] = set()
    dynamic = False
    for node in module_level(tree):
        if isinstance(node, Function):
            again = node.name in functions
            functions[node.name] = signature(node, unknown=again or bool(node.decorator_list))
        names |= bound(node)
        dynamic |= isinstance(node, ast.Name) and node.id in _DYNAMIC
    return {
        "functions": functions,
        "top": [node.name for node in tree.body if isinstance(node, Function)],
        "names": sorted(names),
        "dynamic": dynamic or "*" in names or "__getattr__" in functions,
    }


def module_level(tree: ast.Module) -> Iterator[ast.AST]:
    """All nodes that run when the module is imported, in the order of the file."""
    waiting: list[ast.AST] = list(reversed(tree.body))
    while waiting:
        node = waiting.pop()
        yield node
        if not isinstance(node, _SCOPES):
            waiting += reversed(list(ast.iter_child_nodes(node)))


def signature(node: Function, *, unknown: bool) -> dict[str, Any]:
    """`unknown` where the text of the function does not tell what can be called."""
    args = node.args
    positional = [*args.posonlyargs, *args.args]
    first_default = len(positional) - len(args.defaults)
    required = positional[:first_default]
    required += [a for a, d in zip(args.kwonlyargs, args.kw_defaults, strict=True) if d is None]
    names = [arg.arg for arg in [*positional, *args.kwonlyargs]]
    rest = args.kwarg.arg if args.kwarg else ""
    return {
        "names": [name for name in names if name != "context"],
        "required": [arg.arg for arg in required if arg.arg != "context"],
        "context": "context" in names or rest == "context",
        "kwargs": args.kwarg is not None,
        "unknown": unknown,
    }


def bound(node: ast.AST) -> set[str]:
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


if __name__ == "__main__":
    warnings.simplefilter("ignore")
    json.dump({key: outline(source) for key, source in json.load(sys.stdin).items()}, sys.stdout)
