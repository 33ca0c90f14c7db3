"""The data of a generated file as text: indented JSON in a raw string literal of Python.

`json.dumps(…, indent=2)` would write the same, in pure Python and with more care than plain JSON
needs; at a thousand files that care takes most of the time.
"""

from __future__ import annotations

import json
import math
import re
from json.encoder import encode_basestring_ascii
from typing import Any

# Inside r'''…''': a second quote in a row would end the literal, and DEL would hide in it.
_UNSAFE = re.compile("(?<=')'|\x7f")
_CONSTANTS = {None: "null", True: "true", False: "false"}
_SIMPLE = {str, int, bool, type(None)}


def plain(value: Any) -> Any:
    """`value` as JSON reads it back, its keys sorted; `ValueError` for NaN and infinities."""
    kind = type(value)
    if kind in _SIMPLE or (kind is float and math.isfinite(value)):
        return value
    if kind is dict and all(type(key) is str for key in value):
        return {key: plain(value[key]) for key in sorted(value)}
    if kind is list:
        return [plain(item) for item in value]
    return json.loads(json.dumps(value, sort_keys=True, allow_nan=False))


def indented(value: Any, margin: str = "\n") -> str:
    """As `json.dumps(value, indent=2)`, for values that are plain JSON; lines begin with
    `margin`."""
    kind = type(value)
    if kind is str:
        return encode_basestring_ascii(value)
    if kind is dict and value:
        inner = f"{margin}  "
        pairs = [
            f"{encode_basestring_ascii(key)}: "
            f"{encode_basestring_ascii(item) if type(item) is str else indented(item, inner)}"
            for key, item in value.items()
        ]
        return f"{{{inner}{f',{inner}'.join(pairs)}{margin}}}"
    if kind is list and value:
        inner = f"{margin}  "
        items = [indented(item, inner) for item in value]
        return f"[{inner}{f',{inner}'.join(items)}{margin}]"
    if kind is int or kind is float:
        return repr(value)
    if kind is dict or kind is list:
        return "{}" if kind is dict else "[]"
    return _CONSTANTS[value]


def raw_literal(text: str) -> str:
    """JSON `text` so that it can stand in r'''…''', and says the same."""
    if "''" not in text and "\x7f" not in text:
        return text
    return _UNSAFE.sub(lambda match: f"\\u{ord(match[0]):04x}", text)
