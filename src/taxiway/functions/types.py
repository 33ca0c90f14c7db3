"""From the annotations of one file to JSON Schema (draft 2020-12).

Names are resolved through the file's imports: `import typing as t` and `t.Optional` are known.
What stands for no JSON value, or is defined in another file, is left open; `unclear` says so.
"""

from __future__ import annotations

import ast
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import Any

import griffe

Schema = dict[str, Any]
Annotation = str | griffe.Expr | None

MODULE = "_file_"  # the name of the module that is read, which no import can have
_DEPTH = 30
_STEPS = 2000  # of one function: aliases can double a type at each level
_PLAIN: dict[str, Schema] = {
    "int": {"type": "integer"},
    "float": {"type": "number"},
    "str": {"type": "string"},
    "bool": {"type": "boolean"},
    "None": {"type": "null"},
    "object": {},
    "typing.Any": {},
    "numbers.Number": {"type": "number"},
    "numbers.Real": {"type": "number"},
    "typing.LiteralString": {"type": "string"},
    "datetime.date": {"type": "string", "format": "date"},
    "datetime.datetime": {"type": "string", "format": "date-time"},
    "datetime.time": {"type": "string", "format": "time"},
    "datetime.timedelta": {"type": "string", "format": "duration"},
    "uuid.UUID": {"type": "string", "format": "uuid"},
    "pathlib.Path": {"type": "string"},
    "pathlib.PurePath": {"type": "string"},
    "pathlib.PurePosixPath": {"type": "string"},
    "decimal.Decimal": {"type": ["number", "string"]},
}
_LISTS = {"list", "List", "Sequence", "MutableSequence", "Iterable", "Iterator", "Collection"}
_SETS = {"set", "frozenset", "Set", "FrozenSet", "AbstractSet", "MutableSet"}
_DICTS = {"dict", "Dict", "Mapping", "MutableMapping", "OrderedDict", "defaultdict", "DefaultDict"}
_HOMES = ("", "typing", "collections", "collections.abc")
_WRAPPERS = {"Annotated", "Final", "ClassVar", "Required", "NotRequired", "ReadOnly", "InitVar"}


class Types:
    """The types of one module. `define` makes the schema of a class of it, or None."""

    def __init__(
        self,
        module: griffe.Module,
        define: Callable[[Types, griffe.Class, str], Schema | None],
    ) -> None:
        self.module = module
        self.define = define
        self.definitions: dict[str, Schema] = {}
        self.unclear: list[str] = []
        self._depth = 0
        self._steps = 0

    def of(self, annotation: Annotation, place: str) -> Schema:
        """The schema; `place` is whose type it is, for what is left open."""
        self._depth += 1
        self._steps += 1
        try:
            if self._depth > _DEPTH or self._steps > _STEPS:
                return self.leave_open(place, "its type is nested too deeply, or too large")
            return self._of(annotation, place)
        finally:
            self._depth -= 1

    def leave_open(self, place: str, why: str) -> Schema:
        said = f"{place}: {why}"
        if said not in self.unclear:
            self.unclear.append(said)
        return {}

    def member(self, expression: Annotation) -> griffe.Object | None:
        """What the module itself defines under that name."""
        path = canonical(expression)
        if not path.startswith(MODULE + "."):
            return None
        found = self.module.members.get(path.removeprefix(MODULE + "."))
        return found if isinstance(found, griffe.Object) else None

    def _of(self, annotation: Annotation, place: str) -> Schema:
        if annotation is None:
            return self.leave_open(place, "it has no annotation")
        if isinstance(annotation, griffe.ExprBinOp) and annotation.operator == "|":
            return self._union(_alternatives(annotation), place)
        if isinstance(annotation, griffe.ExprSubscript):
            return self._generic(annotation, place)
        if isinstance(annotation, str) and annotation[:1] in ("'", '"'):
            return self._quoted(annotation, place)
        known = _PLAIN.get(canonical(annotation))
        if known is not None:
            return dict(known)
        container = self._container(canonical(annotation), [], place)
        return self._named(annotation, place) if container is None else container

    def _quoted(self, annotation: str, place: str) -> Schema:
        """An annotation that is written as a string."""
        text = value_of(annotation)
        with suppress(SyntaxError, ValueError, RecursionError, MemoryError):
            node = ast.parse(str(text).strip(), mode="eval").body
            inner = griffe.safe_get_expression(node, parent=self.module)
            if inner is not None and str(inner) != annotation:
                return self.of(inner, place)
        return self.leave_open(place, f"{annotation} is not a type that JSON or this file has")

    def _named(self, annotation: Annotation, place: str) -> Schema:
        found = self.member(annotation)
        if isinstance(found, griffe.Class):
            return self._class(found, annotation, place)
        value = found.value if isinstance(found, griffe.Attribute | griffe.TypeAlias) else None
        if value is not None and not isinstance(value, griffe.ExprCall):
            return self.of(value, place)
        return self.leave_open(place, f"{annotation} is not a type that JSON or this file has")

    def _class(self, found: griffe.Class, annotation: Annotation, place: str) -> Schema:
        if found.name not in self.definitions:
            self.definitions[found.name] = {}  # a class may hold itself
            made = self.define(self, found, found.name)
            if made is None:
                del self.definitions[found.name]
                return self.leave_open(
                    place, f"{annotation} is neither a dataclass, a TypedDict nor an Enum"
                )
            self.definitions[found.name] = made
        return {"$ref": f"#/$defs/{found.name}"}

    def _generic(self, annotation: griffe.ExprSubscript, place: str) -> Schema:
        path, arguments = canonical(annotation.left), _elements(annotation.slice)
        name = _standard(path)
        if name == "Optional":
            return self._union([*arguments, "None"], place)
        if name == "Union":
            return self._union(arguments, place)
        if name == "Literal":
            return self._literal(arguments, place)
        if name in _WRAPPERS or path == "dataclasses.InitVar":
            return self._wrapped(arguments, place)
        made = self._container(path, arguments, place)
        if made is None:
            return self.leave_open(place, f"{annotation} is not a type that JSON or this file has")
        return made

    def _wrapped(self, arguments: Sequence[Annotation], place: str) -> Schema:
        made = self.of(arguments[0] if arguments else None, place)
        for said in arguments[1:]:  # Annotated[int, "what it is for"]
            text = value_of(said)
            if isinstance(text, str):
                made = {**made, "description": text}
        return made

    def _container(self, path: str, arguments: Sequence[Annotation], place: str) -> Schema | None:
        name = _standard(path)
        if name in ("tuple", "Tuple"):
            return self._tuple(arguments, place)
        if name in _LISTS or name in _SETS:
            items = {"items": self.of(arguments[0], place)} if arguments else {}
            return {"type": "array", **items}
        if name in _DICTS:
            values = self.of(arguments[1], place) if len(arguments) == 2 else {}
            return {"type": "object", **({"additionalProperties": values} if values else {})}
        return None

    def _tuple(self, arguments: Sequence[Annotation], place: str) -> Schema:
        if not arguments:
            return {"type": "array"}
        if len(arguments) == 2 and str(arguments[1]) == "...":
            return {"type": "array", "items": self.of(arguments[0], place)}
        items = [self.of(argument, place) for argument in arguments]
        count = len(items)
        return {"type": "array", "prefixItems": items, "minItems": count, "maxItems": count}

    def _union(self, alternatives: Sequence[Annotation], place: str) -> Schema:
        found: list[Schema] = []
        for alternative in alternatives:
            made = self.of(alternative, place)
            if made not in found:
                found.append(made)
        if {} in found:  # one of them can be anything
            return {}
        return found[0] if len(found) == 1 else {"anyOf": found}

    def _literal(self, arguments: Sequence[Annotation], place: str) -> Schema:
        values: list[Any] = []
        for argument in arguments:
            found = self.constant(argument)
            if not isinstance(found, str | int | bool | None):
                return self.leave_open(place, f"{argument} is no literal value")
            values.append(found)
        return {"enum": values}

    def constant(self, expression: Annotation) -> Any:
        """The JSON value that the text stands for; that of an Enum's member; else `MISSING`."""
        value = value_of(expression)
        if value is not MISSING or not isinstance(expression, griffe.ExprAttribute):
            return value
        owner, _, name = canonical(expression).rpartition(".")
        found = self.module.members.get(owner.removeprefix(MODULE + "."))
        member = found.members.get(name) if isinstance(found, griffe.Class) else None
        return value_of(member.value) if isinstance(member, griffe.Attribute) else MISSING


class _Missing:
    def __repr__(self) -> str:
        return "MISSING"


MISSING = _Missing()


def canonical(expression: Annotation) -> str:
    """The name through all imports; the text itself where it is no name."""
    if isinstance(expression, griffe.ExprName | griffe.ExprAttribute):
        path = expression.canonical_path
    else:
        path = str(expression)
    return path.removeprefix("builtins.").replace("typing_extensions.", "typing.")


def value_of(expression: Annotation) -> Any:
    """What a literal evaluates to, if JSON has it; else `MISSING`."""
    if expression is None:
        return MISSING
    with suppress(ValueError, SyntaxError, TypeError, RecursionError, MemoryError):
        value = ast.literal_eval(str(expression))
        return value if _is_json(value) else MISSING
    return MISSING


def _is_json(value: Any) -> bool:
    if isinstance(value, list):
        return all(_is_json(item) for item in value)
    if isinstance(value, dict):
        return all(isinstance(key, str) and _is_json(item) for key, item in value.items())
    if isinstance(value, float):
        return value - value == 0  # neither NaN nor infinite
    return value is None or isinstance(value, str | int)


def _standard(path: str) -> str:
    """`List` of `typing.List`; empty where the name is not one of the standard library's."""
    home, _, name = path.rpartition(".")
    return name if home in _HOMES else ""


def _elements(slice_: str | griffe.Expr) -> Sequence[Annotation]:
    return slice_.elements if isinstance(slice_, griffe.ExprTuple) else [slice_]


def _alternatives(union: griffe.ExprBinOp) -> list[Annotation]:
    """Flat, without recursion: a | b | c is nested to the left."""
    found: list[Annotation] = []
    waiting: list[str | griffe.Expr] = [union]
    while waiting:
        here = waiting.pop()
        if isinstance(here, griffe.ExprBinOp) and here.operator == "|":
            waiting += [here.right, here.left]
        else:
            found.append(here)
    return found
