"""Outlines Python sources: runs as a script of its own, on the standard library only.

stdin: JSON, key → source. stdout: JSON, key → `{"functions": {name: {"names", "kwargs"}}, "names"}`
or `{"error", "line"}`. Nothing of the source is executed.
"""

from __future__ import annotations

import ast
import json
import sys
import warnings
from typing import Any

Function = ast.FunctionDef | ast.AsyncFunctionDef


def outline(source: str) -> dict[str, Any]:
    try:
        tree = ast.parse(source.encode("utf-8", "surrogateescape"))
    except SyntaxError as error:
        return {"error": error.msg, "line": error.lineno or 1}
    except (ValueError, RecursionError, MemoryError) as error:
        return {"error": str(error) or "it is nested too deeply", "line": 1}
    functions: dict[str, Any] = {}
    names: set[str] = set()
    for node in top_level(tree.body):
        if isinstance(node, Function):
            functions[node.name] = signature(node.args)
        names |= bound(node)
    return {"functions": functions, "names": sorted(names)}


def top_level(body: list[ast.stmt]) -> list[ast.stmt]:
    """The statements of a module, those inside `if`, `try` and `with` included."""
    statements: list[ast.stmt] = []
    for node in body:
        statements.append(node)
        for part in ("body", "orelse", "finalbody"):
            if isinstance(node, ast.If | ast.Try | ast.With):
                statements += top_level(getattr(node, part, []))
        if isinstance(node, ast.Try):
            for handler in node.handlers:
                statements += top_level(handler.body)
    return statements


def signature(args: ast.arguments) -> dict[str, Any]:
    named = [arg.arg for arg in [*args.args, *args.kwonlyargs]]
    return {"names": [n for n in named if n != "context"], "kwargs": args.kwarg is not None}


def bound(node: ast.stmt) -> set[str]:
    """The names that a statement binds, functions excepted; `*` for a star import."""
    if isinstance(node, ast.Import | ast.ImportFrom):
        return {(alias.asname or alias.name).split(".")[0] for alias in node.names}
    if isinstance(node, ast.ClassDef):
        return {node.name}
    targets: list[ast.expr] = []
    if isinstance(node, ast.Assign):
        targets = node.targets
    elif isinstance(node, ast.AnnAssign):
        targets = [node.target]
    return {
        name.id for target in targets for name in ast.walk(target) if isinstance(name, ast.Name)
    }


if __name__ == "__main__":
    warnings.simplefilter("ignore")
    json.dump({key: outline(source) for key, source in json.load(sys.stdin).items()}, sys.stdout)
