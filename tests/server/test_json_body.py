from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from taxiway.errors import Invalid
from taxiway.server.json_body import MAX_DEPTH, MAX_INTEGER, parse_json


@pytest.mark.parametrize(
    ("body", "code"),
    [
        (b"", "json-malformed"),
        (b'{"a": 1', "json-malformed"),
        (b'{"a": "\xff"}', "json-malformed"),
        ('{"a": 1}'.encode("utf-16"), "json-malformed"),
        (b'{"a": 1, "b": {"c": 1, "c": 1}}', "json-duplicate-key"),
        (rb'{"a": 1, "\u0061": 2}', "json-duplicate-key"),
        (b'{"a": NaN}', "json-not-a-number"),
        (b"[Infinity]", "json-not-a-number"),
        (b"[-Infinity]", "json-not-a-number"),
        (b"[1e999]", "json-number-too-large"),
        (str(MAX_INTEGER + 1).encode(), "json-number-too-large"),
        (str(-MAX_INTEGER - 1).encode(), "json-number-too-large"),
        (b"9" * 100_000, "json-number-too-large"),
        (rb'{"a": {"b": ["\u0000"]}}', "json-text-refused"),
        (rb'{"\u0000": 1}', "json-text-refused"),
        (rb'["\ud800"]', "json-text-refused"),
        (rb'{"\udfff": 1}', "json-text-refused"),
        (b"[" * (MAX_DEPTH + 1) + b"]" * (MAX_DEPTH + 1), "json-too-deep"),
        (b"[" * 500_000, "json-too-deep"),
        (b'{"a":' * 100_000, "json-too-deep"),
    ],
)
def test_what_others_would_read_differently_is_refused(body: bytes, code: str) -> None:
    with pytest.raises(Invalid) as caught:
        parse_json(body)
    assert caught.value.code == code
    assert len(caught.value.message) < 300


def test_the_place_of_a_refused_text_is_a_json_pointer() -> None:
    with pytest.raises(Invalid) as caught:
        parse_json(rb'{"a/b": [0, {"c~": "\u0000"}]}')
    assert [problem.place for problem in caught.value.problems] == ["/a~1b/1/c~0"]


def test_the_limits_themselves_pass() -> None:
    assert parse_json(b"[" * MAX_DEPTH + b"]" * MAX_DEPTH)
    assert parse_json(str(MAX_INTEGER).encode()) == MAX_INTEGER
    assert parse_json(rb'"\ud83d\ude00"') == "😀"


@given(
    st.recursive(
        st.none()
        | st.booleans()
        | st.integers(-MAX_INTEGER, MAX_INTEGER)
        | st.floats(allow_nan=False, allow_infinity=False)
        | st.text(st.characters(codec="utf-8", exclude_characters="\x00")),
        lambda inner: st.lists(inner) | st.dictionaries(st.text("ab~/é"), inner),
        max_leaves=10,
    )
)
def test_other_json_is_read_as_always(value: object) -> None:
    assert parse_json(json.dumps(value).encode()) == value
