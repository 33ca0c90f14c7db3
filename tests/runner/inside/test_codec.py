from __future__ import annotations

import dataclasses
import datetime
import decimal
import json
import math
import pickle
import tempfile
import uuid
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from taxiway.runner.inside.codec import INLINE_LIMIT, TAG, Encoder
from taxiway.runner.inside.decoder import Decoder
from taxiway.runner.inside.pickles import MAGIC, pickle_to, unpickle
from taxiway.runner.inside.refusal import Refused
from taxiway.runner.inside.text import to_json

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
        return Decoder(lambda digest, shown=False: f"{folder}/{digest}").decode(travelled)


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


def test_what_a_large_value_names_is_named_beside_it(tmp_path: Any) -> None:
    path = tmp_path / "a.txt"
    path.write_text("a")
    value = {"text": ["x" * 100] * 1000, "file": path, "fake": {"digest": "0" * 64, "size": 1}}
    encoded = Encoder(str(tmp_path)).encode(value)
    [named] = encoded["files"]
    assert (named[TAG], named["format"], named["size"]) == ("value", "file", 1)
    assert (tmp_path / named["digest"]).read_text() == "a"
    assert "files" not in Encoder(str(tmp_path)).encode({"text": ["x" * 100] * 1000})


def test_cycles_and_many_objects_become_one_pickle(tmp_path: Any) -> None:
    cycle: list[Any] = [1]
    cycle.append(cycle)
    back = round_trip(cycle)
    assert back[1] is back
    encoder = Encoder(str(tmp_path))
    encoded = encoder.encode([range(i) for i in range(1000)])
    assert encoded["format"] == "pickle"
    assert encoder.summary_of([]) == {
        "type": "list", "format": "pickle", "size": encoded["size"], "length": 1000,
    }  # fmt: skip


def test_limits_are_named_with_their_place(tmp_path: Any) -> None:
    deep: list[Any] = []
    for _ in range(5):
        deep = [deep]
    assert round_trip(deep) == deep
    with pytest.raises(Refused, match=r"value\[0\]\[0\] is .* than 2 levels, .*_VALUE_MAX_DEPTH"):
        Encoder(str(tmp_path), max_depth=2).encode(deep)
    with pytest.raises(Refused, match=r"larger than 1,000 bytes, .* TAXIWAY_VALUE_MAX_SIZE"):
        Encoder(str(tmp_path), max_size=1000).encode({"a": ["x" * 70_000]})
    assert not list(tmp_path.iterdir())


@dataclasses.dataclass(frozen=True, slots=True)
class Point:
    x: float
    when: datetime.date
    tags: frozenset[str] = frozenset()


@dataclasses.dataclass
class Result:
    metrics: dict[str, float]
    best: Point
    note: str = ""

    def __post_init__(self) -> None:
        self.extra = len(self.metrics)


def test_dataclasses_come_back_field_by_field(tmp_path: Any) -> None:
    value = Result({"loss": 0.5}, Point(float("nan"), datetime.date(2026, 1, 2), frozenset("ab")))
    back = round_trip(value)
    assert type(back) is Result and back.metrics == value.metrics and back.extra == 1
    assert type(back.best) is Point and math.isnan(back.best.x) and back.best.tags == {"a", "b"}
    encoder = Encoder(str(tmp_path))
    encoder.encode(value)
    assert encoder.files == []
    assert encoder.summary_of(value)["metrics"] == {"metrics.loss": 0.5, "extra": 1.0}


def test_dates_decimals_and_the_like_are_json() -> None:
    moment = datetime.datetime(2026, 1, 2, 3, 4, tzinfo=datetime.UTC)
    value = [moment, moment.date(), moment.time(), datetime.timedelta(1, 2, 3)]
    value += [decimal.Decimal("1.10"), uuid.UUID(int=7), 1 - 2j]
    encoded = Encoder("/nowhere").encode(value)
    assert "value" not in {item[TAG] for item in encoded}
    assert list(map(repr, round_trip(value))) == list(map(repr, value))


def test_files_and_folders_come_back_by_their_names(tmp_path: Any) -> None:
    model = tmp_path / "model.bin"
    model.write_bytes(b"weights")
    folder = tmp_path / "report"
    (folder / "parts").mkdir(parents=True)
    (folder / "parts" / "a.txt").write_text("a")
    (folder / "empty").mkdir()
    (folder / "latest").symlink_to("parts")
    outbox = tmp_path / "out"
    outbox.mkdir()
    encoder = Encoder(str(outbox))
    encoded = encoder.encode({"model": model, "report": folder})
    parts = encoder.summary_of({})["parts"]
    assert [(part["place"], part["format"]) for part in parts] == [
        ("/model", "file"), ("/report", "folder"),
    ]  # fmt: skip
    back = Decoder(lambda digest, shown=False: f"{outbox}/{digest}").decode(encoded)
    assert (back["model"].name, back["model"].read_bytes()) == ("model.bin", b"weights")
    assert (back["report"] / "latest" / "a.txt").read_text() == "a"
    assert list((back["report"] / "empty").iterdir()) == []
    with pytest.raises(Refused, match="there is no such file"):
        Encoder(str(outbox)).encode([tmp_path / "nothing"])


def test_elements_are_encoded_one_by_one(tmp_path: Any) -> None:
    encoder = Encoder(str(tmp_path))
    encoded = encoder.encode_elements((1, "x" * 2000, {"a": 1}))
    assert encoded[0] == 1 and encoded[1]["format"] == "json" and encoded[2] == {"a": 1}
    with pytest.raises(Refused) as refused:
        encoder.encode_elements({"a": 1})
    assert refused.value.report["kind"] == "Invalid"
    assert refused.value.report["code"] == "value-not-mappable"


def test_equal_sets_are_written_equally() -> None:
    one, other = Encoder("/nowhere"), Encoder("/nowhere")
    names = [f"name{i}" for i in range(50)]
    assert one.encode(set(names)) == other.encode(set(reversed(names)))


def test_large_buffers_stand_outside_of_the_pickle(tmp_path: Any) -> None:
    value = [bytearray(b"x" * 5000), bytearray(b"y" * 10)]
    path = tmp_path / "p"
    with path.open("wb") as file:
        pickle_to(file, tuple(map(pickle.PickleBuffer, value)), "value")
    assert path.read_bytes().startswith(MAGIC)
    back = unpickle(str(path), "tuple")
    assert [bytes(part) for part in back] == [bytes(part) for part in value]


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
        Decoder(lambda digest, shown=False: str(tmp_path / digest)).decode(reference)
