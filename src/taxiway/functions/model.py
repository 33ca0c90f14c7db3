"""What is known of a Python file without running it. Plain values: no parser is needed here."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, Protocol

SOURCE_LIMIT = 1 << 20  # bytes of a file that is parsed

Kind = Literal[
    "positional-only", "positional-or-keyword", "var-positional", "keyword-only", "var-keyword"
]


@dataclass(frozen=True, slots=True)
class Parameter:
    """`annotation` and `default` are the text of the file; `description` is the docstring's."""

    name: str
    kind: Kind
    annotation: str | None = None
    default: str | None = None
    has_default: bool = False
    description: str = ""

    @property
    def is_required(self) -> bool:
        """Whether a call that does not give it fails."""
        return not self.has_default and self.kind not in ("var-positional", "var-keyword")


@dataclass(frozen=True, slots=True)
class Doc:
    """A docstring: its first paragraph, all of it, and what it says of the returned value."""

    summary: str = ""
    text: str = ""
    returns: str = ""


@dataclass(frozen=True, slots=True)
class Function:
    """A function that is there once its file is imported.

    `schema` is the JSON Schema (draft 2020-12) of its params, without `context`. `open` says in
    words what could not be told. `is_conditional`: it stands inside an `if`, a `try` or a loop.
    """

    name: str
    path: str
    lines: tuple[int, int]  # the first one is that of its decorators
    parameters: tuple[Parameter, ...] = ()
    doc: Doc = Doc()
    returns: str | None = None
    takes_context: bool = False  # by the name context, or by **context
    takes_kwargs: bool = False
    is_async: bool = False
    is_generator: bool = False
    is_conditional: bool = False
    decorators: tuple[str, ...] = ()
    schema: Mapping[str, Any] = field(default_factory=dict)
    open: tuple[str, ...] = ()
    pulls: tuple[str, ...] = ()  # the tasks that it names to `xcom_pull`
    is_certain: bool = True  # False: decorated or defined twice, so what is called may differ

    def as_dict(self) -> dict[str, Any]:
        """As JSON has it."""
        return {
            **_fields(self),
            "parameters": [_fields(parameter) for parameter in self.parameters],
            "doc": _fields(self.doc),
        }

    @property
    def signature(self) -> str:
        """As in the file: `train_model(context, epochs: int = 3, **kwargs) -> dict`."""
        return _signature(self)


@dataclass(frozen=True, slots=True)
class Unreadable:
    """Why the functions of a file are not known. `line` is 1 where no line is at fault."""

    code: str  # file-not-python, file-too-large, file-too-costly, notebook-refused
    reason: str
    line: int = 1
    hint: str = ""


@dataclass(frozen=True, slots=True)
class FileFunctions:
    """A file's functions, in the order of the file. Where `problem` is there, they are unknown.

    `names` are bound at the top otherwise than by `def`: imported, assigned, classes. They may
    be callable too; `classes` are among them. `is_dynamic`: running the file may bind more names
    than its text shows. `inner` are functions that cannot be called by a task, as `Model.train`;
    `imports` are the modules that the file may import, relative ones with their dots.
    """

    path: str
    functions: tuple[Function, ...] = ()
    problem: Unreadable | None = None
    names: tuple[str, ...] = ()
    is_dynamic: bool = False
    classes: tuple[str, ...] = ()
    inner: tuple[str, ...] = ()
    imports: tuple[str, ...] = ()

    def find(self, name: str) -> Function | None:
        """The function of that name, if the text defines one."""
        return next((found for found in self.functions if found.name == name), None)

    def as_dict(self) -> dict[str, Any]:
        """As JSON has it; `file_functions` reads it again."""
        return {
            **_fields(self),
            "functions": [function.as_dict() for function in self.functions],
            "problem": _fields(self.problem) if self.problem else None,
        }


class Catalogue(Protocol):
    """The functions of one commit's files."""

    def functions(self, path: str) -> FileFunctions | None:
        """None: there is no such file."""


def _fields(value: Any) -> dict[str, Any]:
    """Its fields as they are: `asdict` copies schemas to the last leaf, which takes longer than
    parsing."""
    return {name: getattr(value, name) for name in value.__slots__}


def file_functions(stored: Mapping[str, Any], path: str) -> FileFunctions:
    """What `as_dict` gave, of a file with equal content that is at `path`."""
    problem = stored["problem"]
    return FileFunctions(
        path=path,
        functions=tuple(_function(entry, path) for entry in stored["functions"]),
        problem=Unreadable(**problem) if problem else None,
        names=tuple(stored["names"]),
        is_dynamic=stored["is_dynamic"],
        classes=tuple(stored["classes"]),
        inner=tuple(stored["inner"]),
        imports=tuple(stored["imports"]),
    )


def _function(stored: Mapping[str, Any], path: str) -> Function:
    first, last = stored["lines"]
    values = {
        **stored,
        "path": path,
        "lines": (first, last),
        "parameters": tuple(Parameter(**entry) for entry in stored["parameters"]),
        "doc": Doc(**stored["doc"]),
        "decorators": tuple(stored["decorators"]),
        "open": tuple(stored["open"]),
        "pulls": tuple(stored.get("pulls", ())),
    }
    return Function(**values)


_MARKS = {"var-positional": "*", "var-keyword": "**"}


def _signature(function: Function) -> str:
    shown: list[str] = []
    before: str | None = None
    for parameter in function.parameters:
        if before == "positional-only" and parameter.kind != before:
            shown.append("/")
        if parameter.kind == "keyword-only" and before not in ("keyword-only", "var-positional"):
            shown.append("*")
        shown.append(_shown(parameter))
        before = parameter.kind
    if before == "positional-only":
        shown.append("/")
    start = "async " if function.is_async else ""
    end = f" -> {function.returns}" if function.returns else ""
    return f"{start}{function.name}({', '.join(shown)}){end}"


def _shown(parameter: Parameter) -> str:
    name = _MARKS.get(parameter.kind, "") + parameter.name
    if parameter.annotation is not None:
        name += f": {parameter.annotation}"
    if not parameter.has_default:
        return name
    return f"{name}{' = ' if parameter.annotation else '='}{parameter.default}"
