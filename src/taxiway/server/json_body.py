"""JSON as strictly as two databases and every reader can hold it."""

from __future__ import annotations

import json
import math
from typing import Any, NoReturn

from taxiway.errors import Invalid, Problem

MAX_DEPTH = 32
MAX_INTEGER = 2**53 - 1  # what JavaScript, and most other readers, hold exactly


def parse_json(body: bytes) -> Any:
    """The value; `Invalid` for what is no JSON, and for what others would read differently."""
    try:
        value = json.loads(
            body.decode("utf-8"),
            object_pairs_hook=_object,
            parse_constant=_constant,
            parse_int=_integer,
            parse_float=_float,
        )
    except UnicodeDecodeError:
        raise Invalid(
            "json-malformed", "The body is not UTF-8", hint="Send JSON encoded as UTF-8."
        ) from None
    except json.JSONDecodeError as error:
        raise Invalid(
            "json-malformed",
            f"The body is not JSON: {error.msg} (line {error.lineno}, column {error.colno})",
            hint="Check quotes, commas and brackets at that place.",
        ) from None
    except RecursionError:
        _refuse_depth("")
    _check(value)
    return value


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    result = dict(pairs)
    if len(result) != len(pairs):
        seen: set[str] = set()
        name = next(key for key, _ in pairs if key in seen or seen.add(key))  # type: ignore[func-returns-value]
        _refuse("json-duplicate-key", f"The key {_shown(name)} stands twice in one object")
    return result


def _constant(name: str) -> NoReturn:
    _refuse(
        "json-not-a-number",
        f"{name} is no JSON number",
        hint="Send null or a text instead; a task may return NaN, its params may not hold it.",
    )


def _integer(digits: str) -> int:
    if len(digits) > 17 or abs(int(digits)) > MAX_INTEGER:
        _refuse(
            "json-number-too-large",
            f"The integer {digits[:24]}{'…' if len(digits) > 24 else ''} is beyond ±{MAX_INTEGER}",
            hint="Send it as a text.",
        )
    return int(digits)


def _float(digits: str) -> float:
    number = float(digits)
    if math.isinf(number):
        _refuse(
            "json-number-too-large",
            f"The number {digits[:24]} is beyond what a double holds",
            hint="Send it as a text.",
        )
    return number


def _check(value: Any) -> None:
    """Depth, NUL and lone surrogates, everywhere; without recursion."""
    rest: list[tuple[Any, str, int]] = [(value, "", 1)]
    while rest:
        item, place, depth = rest.pop()
        if isinstance(item, str):
            _check_text(item, place)
        elif isinstance(item, (dict, list)):
            if depth > MAX_DEPTH:
                _refuse_depth(place)
            pairs = item.items() if isinstance(item, dict) else enumerate(item)
            for key, inner in pairs:
                if isinstance(key, str):
                    _check_text(key, place)
                rest.append((inner, f"{place}/{_escaped(key)}", depth + 1))


def _check_text(text: str, place: str) -> None:
    if "\x00" in text:
        _refuse("json-text-refused", "A text holds a NUL character", place)
    if not text.isascii() and any("\ud800" <= char <= "\udfff" for char in text):
        _refuse(
            "json-text-refused",
            "A text holds half of a surrogate pair, which is no character",
            place,
        )


def _refuse_depth(place: str) -> NoReturn:
    _refuse("json-too-deep", f"The JSON is nested deeper than {MAX_DEPTH} levels", place[:200])


def _refuse(code: str, message: str, place: str = "", hint: str = "") -> NoReturn:
    problems = [Problem(code, message, place, hint)] if place else []
    raise Invalid(
        code, message, hint=hint or "Change the body and send it again.", problems=problems
    )


def _escaped(key: object) -> str:
    text = str(key).replace("~", "~0").replace("/", "~1")
    return text.encode("utf-8", "replace").decode()


def _shown(text: str) -> str:
    return json.dumps(text[:80])
