"""Text that must be what the standard library writes, only sooner."""

from __future__ import annotations

import ast
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from taxiway.release.literal import indented, plain, raw_literal

any_text = st.text(st.characters(codec=None) | st.sampled_from("'\\\x7f\n\"\u2028"), max_size=20)
any_json = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False)
    | any_text,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(any_text, inner, max_size=3),
    max_leaves=12,
)  # fmt: skip


@given(value=any_json)
def test_indented_text_is_what_the_standard_library_writes(value: Any) -> None:
    assert indented(value) == json.dumps(value, indent=2)


@given(value=any_json)
def test_plain_values_are_what_json_reads_back(value: Any) -> None:
    read = json.loads(json.dumps(value, sort_keys=True))
    assert json.dumps(plain(value)) == json.dumps(read)


@pytest.mark.parametrize("value", [{1: "a", 2: "b"}, {"t": (1, [2])}, {"n": [{None: ()}]}])
def test_what_json_would_change_is_changed(value: Any) -> None:
    assert plain(value) == json.loads(json.dumps(value))


@pytest.mark.parametrize("value", [float("nan"), {"a": [float("inf")]}])
def test_what_json_has_no_word_for_is_refused(value: Any) -> None:
    with pytest.raises(ValueError, match="JSON"):
        plain(value)


@given(value=any_json)
def test_a_raw_literal_says_the_same(value: Any) -> None:
    code = f"r'''\n{raw_literal(indented(value))}\n'''"
    assert json.loads(ast.literal_eval(code)) == value
