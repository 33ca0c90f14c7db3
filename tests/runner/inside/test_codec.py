from __future__ import annotations

import json
import math
import tempfile
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from taxiway.runner.inside.channel import to_json
from taxiway.runner.inside.codec import INLINE_LIMIT, TAG, Decoder, Encoder
from taxiway.runner.inside.refusal import Refused

scalars = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False)
    | st.text(st.characters(exclude_categories=[]))
    | st.binary()
)
keys = (
    st.text(st.characters(exclude_categories=[]))
    | st.just(TAG)
    | st.just("__classname__")
    | st.integers()
    | st.tuples(st.integers(), st.text())
)
hashable = st.integers() | st.text() | st.floats(allow_nan=False)
values = st.recursive(
    scalars | st.complex_numbers(allow_nan=False) | st.dates() | st.decimals(allow_nan=False),
    lambda inner: (
        st.lists(inner, max_size=5)
        | st.lists(inner, max_size=5).map(tuple)
        | st.dictionaries(keys, inner, max_size=5)
        | st.sets(hashable, max_size=5)
        | st.frozensets(hashable, max_size=5)
    ),
    max_leaves=12,
)


def same(a: Any, b: Any) -> bool:
    if type(a) is not type(b):
        return False
    if isinstance(a, dict):
        return list(a) == list(b) and all(same(a[k], b[k]) for k in a) and all(map(same, a, b))
    if isinstance(a, (list, tuple)):
        return len(a) == len(b) and all(map(same, a, b))
    if isinstance(a, float):
        return math.copysign(1, a) == math.copysign(1, b) and (a == b or a != a != b)
    return bool(a == b)


def round_trip(value: Any) -> Any:
    with tempfile.TemporaryDirectory() as folder:
        encoder = Encoder(folder)
        encoded = encoder.encode(value)
        travelled = json.loads(json.dumps(encoded, allow_nan=False))
        assert json.loads(to_json(encoded)) == travelled
        return Decoder(lambda digest: f"{folder}/{digest}").decode(travelled)


@given(values)
def test_whatever_is_stored_comes_back_as_what_it_was(value: Any) -> None:
    assert same(value, round_trip(value))


@pytest.mark.parametrize(
    "value",
    [
        float("nan"), float("inf"), -0.0, 1e22, 2**70, -(2**53) - 1, "a\0b", "\udc80",
        {TAG: "value", "digest": "x"}, {1: 2, (1, 2): 3}, (1, [2, (3,)]), {1, 2}, frozenset("a"),
        b"\xff", {"a": {TAG: {TAG: 1}}}, True, {True: 1, None: 2},
    ],
)  # fmt: skip
def test_what_json_would_change_survives(value: Any) -> None:
    assert same(value, round_trip(value))


def test_plain_json_stays_readable() -> None:
    value = {"accuracy": 0.97, "classes": [1, 2], "name": "ä", "none": None}
    assert Encoder("/nowhere").encode(value) is not value
    assert Encoder("/nowhere").encode(value) == value


def test_large_json_goes_by_reference(tmp_path: Any) -> None:
    encoded = Encoder(str(tmp_path)).encode(["x"] * INLINE_LIMIT)
    assert (encoded[TAG], encoded["format"], encoded["type"]) == ("value", "json", "list")
    assert encoded["summary"] == {"length": INLINE_LIMIT}
    assert round_trip(["x"] * INLINE_LIMIT) == ["x"] * INLINE_LIMIT


def test_cycles_depth_and_many_objects_become_one_pickle(tmp_path: Any) -> None:
    cycle: list[Any] = [1]
    cycle.append(cycle)
    back = round_trip(cycle)
    assert back[1] is back
    deep: list[Any] = []
    for _ in range(200):
        deep = [deep]
    assert round_trip(deep) == deep
    encoder = Encoder(str(tmp_path))
    encoded = encoder.encode([complex(i) for i in range(1000)])
    assert encoded["format"] == "pickle"


def test_what_cannot_be_pickled_is_named_with_its_place(tmp_path: Any) -> None:
    class Holder:
        pass

    holder = Holder()
    holder.callback = lambda: None  # type: ignore[attr-defined]
    with pytest.raises(Refused) as refused:
        Encoder(str(tmp_path)).encode({"models": [1, lambda: 0]}, "the returned value")
    assert refused.value.report["code"] == "value-not-storable"
    assert "the returned value['models'][1] is a function" in refused.value.report["message"]


def test_a_pickle_whose_class_is_not_here_says_so(tmp_path: Any) -> None:
    (tmp_path / "x").write_bytes(b"cno_such_module\nC\n.")
    reference = {TAG: "value", "digest": "x", "format": "pickle", "type": "m.C"}
    with pytest.raises(Refused, match=r"a m.C, cannot be read here: ModuleNotFoundError"):
        Decoder(lambda digest: str(tmp_path / digest)).decode(reference)
