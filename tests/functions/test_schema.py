"""From annotations to JSON Schema; what cannot be told is left open, and said."""

from __future__ import annotations

from typing import Any

import pytest

from taxiway.functions.model import Function
from taxiway.functions.parse import functions_of

IMPORTS = """\
from __future__ import annotations
import datetime as dt
import enum
import typing as t
from collections.abc import Mapping, Sequence
from dataclasses import KW_ONLY, InitVar, dataclass, field
from enum import Enum
from pathlib import Path
from typing import Annotated, Any, Literal, Optional, TypedDict, Union
import pandas as pd
"""


def function(parameters: str, before: str = "") -> Function:
    found = functions_of(f"{IMPORTS}{before}\ndef f({parameters}): ...\n".encode(), "a.py")
    assert found.problem is None, found.problem
    return found.functions[-1]


def schema(annotation: str, before: str = "") -> Any:
    made = function(f"x: {annotation}", before)
    assert made.open == (), made.open
    return made.schema["properties"]["x"]


def definition(name: str, before: str) -> Any:
    return function(f"x: {name}", before).schema["$defs"][name]


@pytest.mark.parametrize(
    ("annotation", "expected"),
    [
        ("int", {"type": "integer"}),
        ("float", {"type": "number"}),
        ("str", {"type": "string"}),
        ("bool", {"type": "boolean"}),
        ("None", {"type": "null"}),
        ("'int'", {"type": "integer"}),
        ("list", {"type": "array"}),
        ("list[int]", {"type": "array", "items": {"type": "integer"}}),
        ("t.List['int']", {"type": "array", "items": {"type": "integer"}}),
        ("Sequence[str]", {"type": "array", "items": {"type": "string"}}),
        ("set[str]", {"type": "array", "items": {"type": "string"}}),
        ("tuple[int, ...]", {"type": "array", "items": {"type": "integer"}}),
        (
            "tuple[int, str]",
            {
                "type": "array",
                "prefixItems": [{"type": "integer"}, {"type": "string"}],
                "minItems": 2,
                "maxItems": 2,
            },
        ),
        ("dict", {"type": "object"}),
        ("dict[str, float]", {"type": "object", "additionalProperties": {"type": "number"}}),
        ("Mapping[str, Any]", {"type": "object"}),
        ("Literal['a', 2, None]", {"enum": ["a", 2, None]}),
        ("Optional[int]", {"anyOf": [{"type": "integer"}, {"type": "null"}]}),
        ("int | str | None", {"anyOf": [{"type": k} for k in ("integer", "string", "null")]}),
        ("Union[int, int]", {"type": "integer"}),
        ("t.Any", {}),
        ("object", {}),
        ("dt.date", {"type": "string", "format": "date"}),
        ("dt.datetime", {"type": "string", "format": "date-time"}),
        ("Path", {"type": "string"}),
        ("Annotated[int, 'How often, at most.']", {"type": "integer", "description": "How often, at most."}),
    ],
)  # fmt: skip
def test_an_annotation_has_its_schema(annotation: str, expected: Any) -> None:
    assert schema(annotation) == expected


def test_an_enum_is_the_list_of_its_values() -> None:
    before = (
        "class Mode(str, Enum):\n    'How.'\n    FAST = 'fast'\n    SLOW = 'slow'\n"
        "    @property\n    def short(self): ...\n"
        "class Level(enum.IntEnum):\n    LOW = enum.auto()\n    HIGH = enum.auto()\n"
        "class Name(enum.StrEnum):\n    ONE = enum.auto()\n"
    )
    assert definition("Mode", before) == {
        "title": "Mode",
        "description": "How.",
        "enum": ["fast", "slow"],
    }
    assert definition("Level", before)["enum"] == [1, 2]
    assert definition("Name", before)["enum"] == ["one"]
    made = function("x: Mode = Mode.SLOW", before)
    assert made.schema["properties"]["x"] == {"$ref": "#/$defs/Mode", "default": "slow"}


def test_a_dataclass_has_its_fields_inherited_ones_too() -> None:
    before = (
        "@dataclass\nclass Base:\n    seed: int\n    kind: t.ClassVar[str] = 'x'\n"
        "@dataclass(frozen=True)\nclass Split(Base):\n"
        "    '''A split.\n\n    Attributes:\n        share: How much.\n    '''\n"
        "    share: float = 0.5\n    names: list[str] = field(default_factory=list)\n"
        "    _: KW_ONLY\n    below: Split | None = None\n"
        "    made: int = field(init=False)\n    table: InitVar[int] = 3\n"
        "    @property\n    def half(self) -> float: ...\n"
    )
    assert definition("Split", before) == {
        "title": "Split",
        "description": "A split.",
        "type": "object",
        "properties": {
            "seed": {"type": "integer"},
            "share": {"type": "number", "description": "How much.", "default": 0.5},
            "names": {"type": "array", "items": {"type": "string"}},
            "below": {"anyOf": [{"$ref": "#/$defs/Split"}, {"type": "null"}], "default": None},
            "table": {"type": "integer", "default": 3},
        },
        "additionalProperties": False,
        "required": ["seed"],
    }


def test_a_typed_dict_tells_which_keys_it_needs() -> None:
    before = (
        "class Needed(TypedDict):\n    a: int\n    b: t.NotRequired[str]\n"
        "class Loose(Needed, total=False):\n    c: t.Required[int]\n    d: bool\n"
    )
    made = definition("Loose", before)
    assert made["required"] == ["a", "c"]
    assert set(made["properties"]) == {"a", "b", "c", "d"}
    rest = function("**kwargs: t.Unpack[Needed]", before).schema
    assert set(rest["properties"]) == {"a", "b"}
    assert rest["additionalProperties"] is False


def test_a_name_for_a_type_is_resolved_and_one_without_end_ends() -> None:
    assert schema("Ids", "Ids = list[int]\n") == {"type": "array", "items": {"type": "integer"}}
    endless = function("x: A", "A = list[B]\nB = list[A]\n")
    assert "nested too deeply" in endless.open[0]
    doubling = "".join(f"A{n} = tuple[A{n - 1}, A{n - 1}]\n" for n in range(1, 25))
    assert "too large" in function("x: A24", f"A0 = int\n{doubling}").open[0]


@pytest.mark.parametrize(
    ("annotation", "said"),
    [
        ("pd.DataFrame", "pd.DataFrame"),
        ("list[pd.Series]", "pd.Series"),
        ("Model", "Model is neither a dataclass, a TypedDict nor an Enum"),
        ("Odd", "the value of ONE"),
        ("Kept", "what it inherits from outside.Base"),
        ("'what is this?'", "what is this?"),
    ],
)
def test_what_cannot_be_told_is_left_open_and_said(annotation: str, said: str) -> None:
    before = (
        "import outside\n"
        "class Model: ...\n"
        "class Odd(Enum):\n    ONE = compute()\n"
        "@dataclass\nclass Kept(outside.Base):\n    a: int\n"
    )
    made = function(f"x: {annotation}", before)
    assert len(made.open) == 1
    assert said in made.open[0]


def test_params_without_annotation_are_open_and_keep_their_default() -> None:
    made = function("a, b=0.1, c=None, d=make(), *rest, context=None, **kwargs")
    assert made.schema["properties"] == {
        "a": {},
        "b": {"default": 0.1},
        "c": {"default": None},
        "d": {},
    }
    assert made.schema["required"] == ["a"]
    assert made.schema["additionalProperties"] is True
    assert [said.partition(":")[0] for said in made.open] == ["a", "b", "c", "d"]


def test_none_as_a_default_is_one_of_the_values() -> None:
    made = function("x: int = None, y: int | None = None, z: float = float('nan')").schema
    both = {"anyOf": [{"type": "integer"}, {"type": "null"}], "default": None}
    assert made["properties"] == {"x": both, "y": both, "z": {"type": "number"}}


def test_kwargs_with_an_annotation_are_all_of_that_type() -> None:
    assert function("**kwargs: int").schema["additionalProperties"] == {"type": "integer"}
    assert function("").schema["additionalProperties"] is False
