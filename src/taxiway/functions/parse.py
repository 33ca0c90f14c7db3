"""From the bytes of a Python file to its functions. Nothing of it is imported or run.

A hostile file can cost gigabytes to parse: those of strangers go through `reading`.
"""

from __future__ import annotations

import ast
import codecs
import io
import tokenize
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import griffe

from taxiway.functions import model
from taxiway.functions.docstrings import describe
from taxiway.functions.model import FileFunctions, Parameter, Unreadable
from taxiway.functions.outline import Outline, outline
from taxiway.functions.refusal import refusal, too_costly
from taxiway.functions.schema import schema_of
from taxiway.functions.types import MODULE

_KINDS: dict[griffe.ParameterKind, model.Kind] = {
    griffe.ParameterKind.positional_only: "positional-only",
    griffe.ParameterKind.positional_or_keyword: "positional-or-keyword",
    griffe.ParameterKind.var_positional: "var-positional",
    griffe.ParameterKind.keyword_only: "keyword-only",
    griffe.ParameterKind.var_keyword: "var-keyword",
}
_OVERLOADS = ("typing.overload", "typing_extensions.overload")


def functions_of(source: bytes, path: str) -> FileFunctions:
    """The functions of one file; what is wrong with it is in `problem`, nothing is raised."""
    problem = refusal(path, len(source))
    if problem is not None:
        return FileFunctions(path, problem=problem)
    collector = _Collector()
    try:
        text = _decoded(source)
        griffe.visit(MODULE, Path(path), text, extensions=griffe.Extensions(collector))
        shape = outline(collector.tree, may_yield="yield" in text, may_pull="xcom_pull" in text)
        return _found(collector, path, shape)
    except SyntaxError as error:
        return _not_python(path, str(error.msg), error.lineno or 1)
    except (RecursionError, MemoryError):
        return FileFunctions(path, problem=too_costly("it is nested too deeply"))
    except ValueError as error:  # a NUL, or bytes that are not what the file says they are
        return _not_python(path, str(error), 1)


def _not_python(path: str, reason: str, line: int) -> FileFunctions:
    hint = "Mend the file and commit it."
    return FileFunctions(path, problem=Unreadable("file-not-python", reason, line, hint))


def _decoded(source: bytes) -> str:
    encoding, _ = tokenize.detect_encoding(io.BytesIO(source).readline)
    try:
        return source.removeprefix(codecs.BOM_UTF8).decode(encoding.removesuffix("-sig"))
    except UnicodeDecodeError as error:
        line = source.count(b"\n", 0, error.start) + 1
        raise SyntaxError(f"it is not {encoding} text", ("", line, 0, "")) from None


@dataclass
class _Collector(griffe.Extension):
    """Each function as it is visited: of two with one name the module would keep the last."""

    tree: ast.Module = field(default_factory=lambda: ast.Module([], []))
    module: griffe.Module | None = None
    functions: list[tuple[int, griffe.Function]] = field(default_factory=list)

    def on_module_instance(self, *, node: Any, mod: griffe.Module, **_: Any) -> None:
        self.tree, self.module = node, mod

    def on_function_instance(self, *, node: Any, func: griffe.Function, **_: Any) -> None:
        is_overload = any(d.callable_path in _OVERLOADS for d in func.decorators)
        if func.parent is self.module and func.runtime and not is_overload:
            self.functions.append((node.lineno, func))


def _found(collector: _Collector, path: str, shape: Outline) -> FileFunctions:
    times = Counter(func.name for _, func in collector.functions)
    times.update([name for name in shape.names if name in times])
    last = {func.name: (line, func) for line, func in collector.functions}
    ordered = sorted(last.values(), key=lambda entry: entry[0])
    return FileFunctions(
        path,
        functions=tuple(
            _function(func, path, shape, line, times[func.name]) for line, func in ordered
        ),
        names=shape.names,
        is_dynamic=shape.is_dynamic,
        classes=shape.classes,
        inner=shape.inner,
        imports=shape.imports,
    )


def _function(
    func: griffe.Function, path: str, shape: Outline, line: int, times: int
) -> model.Function:
    description = describe(func.docstring)
    parameters = tuple(_parameter(entry, description.of) for entry in func.parameters)
    names = {parameter.name for parameter in parameters if parameter.kind != "var-positional"}
    schema, unclear = schema_of(func, parameters)
    decorators = tuple(str(decorator.value) for decorator in func.decorators)
    if decorators:
        unclear.append(f"what {', '.join('@' + text for text in decorators)} makes of it")
    if times > 1:
        unclear.append(f"which {func.name} is meant: the file binds that name {times} times")
    return model.Function(
        name=func.name,
        path=path,
        lines=(func.lineno or line, func.endlineno or line),
        parameters=parameters,
        doc=description.doc,
        returns=None if func.returns is None else str(func.returns),
        takes_context="context" in names,
        takes_kwargs=any(parameter.kind == "var-keyword" for parameter in parameters),
        is_async="async" in func.labels,
        is_generator=line in shape.generators,
        pulls=shape.pulls.get(line, ()),
        is_conditional=line not in shape.unconditional,
        decorators=decorators,
        schema=schema,
        open=tuple(unclear),
        is_certain=times == 1 and not decorators,
    )


def _parameter(entry: griffe.Parameter, described: Any) -> Parameter:
    kind = _KINDS[entry.kind or griffe.ParameterKind.positional_or_keyword]
    is_rest = kind in ("var-positional", "var-keyword")  # griffe gives them () and {}
    default = None if is_rest or entry.default is None else str(entry.default)
    return Parameter(
        name=entry.name.lstrip("*"),
        kind=kind,
        annotation=None if entry.annotation is None else str(entry.annotation),
        default=default,
        has_default=default is not None,
        description=described.get(entry.name.lstrip("*"), ""),
    )
