from __future__ import annotations

import hashlib
import json
import mmap
import os
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from taxiway.errors import Invalid, Unavailable
from taxiway.runner.supervise import Wiring
from taxiway.runner.values import ValueExchange
from taxiway.runner.workspace import open_workspace
from taxiway.storage.cache import Cache
from taxiway.storage.store import Storage

pytestmark = pytest.mark.integration

ROUND = """
import numpy as np, datetime
class Model:
    def __init__(self):
        self.weights = np.arange(5.0)
def make():
    big = np.arange(1_000_000, dtype="float32")
    return {
        "scalar": np.float64(0.5), "int": np.int8(3), "when": np.datetime64("2026-01-01", "ns"),
        "array": big, "nested": [np.array([[1, 2]]), (np.bool_(True),)], "empty": np.zeros((0, 3)),
        "objects": np.array([{"a": 1}, None], dtype=object), "model": Model(),
        "record": np.array([(1, 2.0)], dtype=[("a", "i4"), ("b", "f8")]),
        "big-endian": np.array([1, 2], dtype=">i4"), "str": np.str_("x"), "0d": np.array(3),
        "masked": np.ma.masked_array([1, 2], [True, False]), "matrix": np.matrix([[1]]),
        "date": datetime.date(2026, 1, 1), "days": np.array(["2026-01-02", "2026-01-01"], "M8[D]"),
    }
def check(context):
    got, want = context["ti"].xcom_pull("make"), make()
    assert list(got) == list(want)
    for key in want:
        assert type(got[key]) is type(want[key]), key
        if hasattr(want[key], "dtype"):
            assert got[key].dtype == want[key].dtype and got[key].shape == want[key].shape, key
            assert np.array_equal(got[key], want[key]), key
    assert (got["model"].weights == want["model"].weights).all()
    assert type(got["nested"][1][0]) is np.bool_
    assert not got["array"].flags.writeable and not isinstance(got["array"], np.memmap)
    assert isinstance(got["array"].base, np.memmap)
    own = context["ti"].xcom_pull("make", writable=True)["array"]
    own[0] = 7
    assert context["ti"].xcom_pull("make")["array"][0] == 0
    return sorted(got)
"""


def test_arrays_and_models_reach_the_next_task_as_what_they_were(
    bench: Any, numpy_environment: Path
) -> None:
    bench.environment = numpy_environment
    bench.write({"src/pipe.py": ROUND})
    bench.may_spawn = True
    encoded = bench.script("src/pipe.py", "make")
    bench.warm_up()
    array = encoded["array"]
    assert (array["format"], array["type"]) == ("npy", "numpy.ndarray")
    assert array["summary"]["shape"] == [1_000_000]
    assert array["size"] == 4_000_128
    assert encoded["scalar"]["value"] == "0.5"
    days = encoded["days"]["summary"]
    assert (days["min"], days["max"], days["nan"]) == ("2026-01-01", "2026-01-02", 0)
    assert bench.storage.get(f"values/{array['digest']}").startswith(b"\x93NUMPY")
    assert encoded["model"]["type"] == "src.pipe.Model"
    bench.host.xcom["make", "return_value"] = encoded
    assert len(bench.script("src/pipe.py", "check")) == 16


KINDS = """
import datetime as dt
from typing import Annotated
from matplotlib.figure import Figure
import numpy as np, pandas as pd
import polars as pl, pyarrow as pa
from PIL import Image

def make():
    days = pd.date_range("2021-01-01", periods=3, freq="D", name="when")
    frame = pd.DataFrame({"n": [1, 2, 3], "f": [1.5, float("nan"), 2], "s": ["x", None, "z"],
        "c": pd.Categorical(["u", "v", "u"], ordered=True)}, index=days)
    figure = Figure(figsize=(2, 1))
    figure.subplots().plot([1, 2, 3])
    return {
        "frame": frame, "series": frame["f"], "levels": frame.set_index(["n", "s"]),
        "mixed": pd.DataFrame({"o": [1, "a", (1, 2)]}), "names": pd.DataFrame({1: [1]}),
        "nullable": pd.Series([1, None], dtype="Int64", name="i"),
        "polars": pl.DataFrame({"a": [1, None], "b": ["x", "y"]}), "column": pl.Series("p", [1.5]),
        "spans": pd.Series([1.0], index=pd.interval_range(0, 1)),
        "months": pd.Series([1.0], index=pd.period_range("2021", periods=1, freq="M")),
        "table": pa.table({"x": [1, None]}), "chunks": pa.chunked_array([[1], [2]]),
        "figure": figure,
        "image": Image.new("RGBA", (500, 300), (1, 2, 3, 4)), "array": np.arange(4.0),
    }

def check(make, own: Annotated[object, "writable"]):
    want = globals()["make"]()
    for name in ("frame", "levels", "mixed", "names"):
        pd.testing.assert_frame_equal(make[name], want[name])
    for name in ("series", "nullable", "spans", "months"):
        pd.testing.assert_series_equal(make[name], want[name])
    assert make["frame"].index.freq == want["frame"].index.freq
    assert make["polars"].equals(want["polars"]) and make["column"].equals(want["column"])
    assert make["table"].equals(want["table"]) and make["chunks"].equals(want["chunks"])
    assert len(make["figure"].axes) == 1
    assert make["image"].tobytes() == want["image"].tobytes()
    assert not make["array"].flags.writeable
    own *= 2
    return float(own.sum())
"""


def test_frames_figures_and_images_reach_the_next_task_by_name(
    bench: Any, numpy_environment: Path
) -> None:
    bench.environment = numpy_environment
    bench.write({"src/kinds.py": KINDS})
    bench.may_spawn = True
    encoded = bench.script("src/kinds.py", "make")
    bench.warm_up()
    forms = {name: part["format"] for name, part in encoded.items()}
    assert forms == {
        "frame": "arrow", "series": "arrow", "levels": "arrow", "mixed": "pickle",
        "names": "arrow", "nullable": "arrow", "spans": "arrow", "months": "arrow", "polars": "arrow", "column": "arrow",
        "table": "arrow", "chunks": "arrow", "figure": "png", "image": "png",
        "array": "npy",
    }  # fmt: skip
    told = encoded["frame"]["summary"]
    assert told["shape"] == [3, 4] and told["head"][0][:2] == [1, 1.5]
    assert told["columns"][1]["nan"] == 1
    [column] = encoded["table"]["summary"]["columns"]
    assert (column["min"], column["max"], column["nan"]) == (1, 1, 1)
    thumbnail = encoded["image"]["summary"]["thumbnail"]
    assert bench.storage.get(f"values/{thumbnail['digest']}").startswith(b"\x89PNG")
    svg = encoded["figure"]["parts"]["svg"]
    assert b"<svg" in bench.storage.get(f"values/{svg['digest']}")
    bench.host.xcom["make", "return_value"] = encoded
    wiring = Wiring(upstream=("make",), inputs={"own": "make.array"})
    assert bench.script("src/kinds.py", "check", wiring=wiring) == 12.0


OTHERS = """
import dataclasses
from pathlib import Path
import numpy as np, pandas as pd, polars as pl
import plotly.graph_objects as go
from sklearn.ensemble import RandomForestClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

X = np.arange(40.0).reshape(20, 2)

@dataclasses.dataclass
class Report:
    name: str
    score: float
    model: object
    table: pd.DataFrame
    rest: tuple = ()

def fit():
    forest = RandomForestClassifier(n_estimators=3, random_state=0)
    return make_pipeline(StandardScaler(), forest).fit(X, X[:, 0] > 10)

def figure():
    return go.Figure(go.Scatter(x=[1, 2], y=[3, 4]), layout={"title": "T"})

def make():
    Path("out/plots").mkdir(parents=True)
    Path("out/plots/a.txt").write_text("a")
    table = pd.DataFrame({"a": [1, 2]})
    inner = ({"frame": pl.DataFrame({"z": [1]})}, Path("out"))
    return {"report": Report("r", 0.5, fit(), table, inner), "figure": figure()}

def check(make, score, model, own):
    report = make["report"]
    assert type(report) is Report and (report.name, score) == ("r", 0.5)
    assert (model.predict(X) == fit().predict(X)).all()
    assert (own == [1, 2]).all() and type(report.rest) is tuple
    assert report.rest[0]["frame"].equals(pl.DataFrame({"z": [1]}))
    assert (report.rest[1] / "plots" / "a.txt").read_text() == "a"
    assert make["figure"] == figure()
    return True

def bad():
    return {"frame": pd.DataFrame({"f": [1, lambda: 1]})}
"""


@pytest.mark.long
def test_models_figures_and_what_holds_them_reach_the_next_task(
    bench: Any, plotting_environment: Path
) -> None:
    bench.environment = plotting_environment
    bench.may_spawn = True
    bench.write({"pipe.py": OTHERS})
    encoded = bench.script("pipe.py", "make")
    figure = encoded["figure"]
    assert (figure["format"], figure["summary"]["title"]) == ("html", "T")
    assert b"<html" in bench.storage.get(f"values/{figure['digest']}")[:100]
    source = bench.storage.get(f"values/{figure['parts']['json']['digest']}")
    assert json.loads(source)["data"][0]["y"] == [3, 4]
    assert encoded["report"]["fields"]["model"]["format"] == "pickle"
    bench.host.xcom["make", "return_value"] = encoded
    inputs = {"score": "make.report.score", "model": "make.report.model"}
    inputs["own"] = "make.report.table.a"
    wiring = Wiring(upstream=("make",), inputs=inputs)
    assert bench.script("pipe.py", "check", wiring=wiring) is True
    with pytest.raises(Exception, match=r"value\['frame'\]\['f'\]\[1\] is a function"):
        bench.script("pipe.py", "bad")


def test_a_value_without_its_library_says_what_to_add(bench: Any) -> None:
    digest = bench.storage.put_addressed("values", b"x")
    reference = {"__taxiway__": "value", "digest": digest, "format": "npy", "type": "numpy.ndarray"}
    bench.host.xcom["a", "return_value"] = reference
    with pytest.raises(Exception, match="this environment has no numpy"):
        bench.inline("def f(context):\n    context['ti'].xcom_pull('a')")


def test_a_value_that_nobody_decodes_is_not_fetched(bench: Any) -> None:
    bench.host.xcom["a", "return_value"] = 1
    assert bench.inline("def f(context):\n    return context['ti'].xcom_pull('a')") == 1
    assert not (bench.root / "cache" / "values").exists()


def test_a_pushed_value_is_stored_at_once(bench: Any) -> None:
    source = "def f(context):\n    context['ti'].xcom_push('z', 1j)\n    return context['ti'].xcom_pull(key='z') == 1j"
    assert bench.inline(source) is True


def test_what_cannot_be_stored_fails_the_task_with_its_place(bench: Any) -> None:
    with pytest.raises(Exception, match=r"the returned value\['f'\] is a function") as failed:
        bench.inline("def f():\n    return {'f': lambda: 1}")
    assert failed.value.code == "value-not-storable"  # type: ignore[attr-defined]


def test_links_and_lies_in_the_outbox_are_refused(tmp_path: Path, bench: Any) -> None:
    cache = Cache(tmp_path / "cache")
    digest = hashlib.sha256(b"x").hexdigest()
    with open_workspace(cache.root) as space:
        values = ValueExchange(space, bench.storage, cache)
        (space.out / digest).symlink_to("/etc/passwd")
        with pytest.raises(Invalid):
            values.store([digest])
        (space.out / digest).unlink()
        os.mkfifo(space.out / digest)
        with pytest.raises(Invalid):
            values.store([digest])
        (space.out / digest).unlink()
        (space.out / digest).write_bytes(b"other")
        with pytest.raises(Invalid, match="changed"):
            values.store([digest])
        with pytest.raises(Invalid):
            values.store(["../../etc/passwd"])
    assert not bench.storage.exists(f"values/{digest}")


def test_a_damaged_object_is_not_handed_over(tmp_path: Path, bench: Any) -> None:
    cache = Cache(tmp_path / "cache")
    digest = hashlib.sha256(b"x").hexdigest()
    bench.storage.put(f"values/{digest}", b"y")
    with (
        open_workspace(cache.root) as space,
        pytest.raises(Unavailable, match="differs from its name"),
    ):
        ValueExchange(space, bench.storage, cache).fetch(digest)


def test_a_file_that_was_closed_is_taken_as_it_is(tmp_path: Path) -> None:
    storage, cache = Storage(f"file://{tmp_path / 'storage'}"), Cache(tmp_path / "cache")
    with open_workspace(cache.root) as space:
        values = ValueExchange(space, storage, cache)
        (space.out / "new.0.1").write_bytes(b"value")
        written = (space.out / "new.0.1").stat().st_ino
        digest, size = values.name("new.0.1")
        assert (digest, size) == (hashlib.sha256(b"value").hexdigest(), 5)
        assert not storage.exists(f"values/{digest}")
        values.store([digest])
        values.store([digest], final=True)
    stored = tmp_path / "storage" / "values" / digest
    assert stored.stat().st_ino == written
    assert stored.stat().st_mode & 0o222 == 0


@pytest.mark.parametrize("way", ["open", "mapped", "linked"])
def test_what_can_still_be_written_to_is_copied(tmp_path: Path, way: str) -> None:
    storage, cache = Storage(f"file://{tmp_path / 'storage'}"), Cache(tmp_path / "cache")
    with open_workspace(cache.root) as space, ExitStack() as held:
        values = ValueExchange(space, storage, cache)
        path = space.out / "new.0.1"
        path.write_bytes(b"value")
        (space.tmp / "link").hardlink_to(path) if way == "linked" else None
        file = held.enter_context(path.open("r+b"))
        mapped = held.enter_context(mmap.mmap(file.fileno(), 0))
        file.close() if way == "mapped" else mapped.close()
        digest, _ = values.name("new.0.1")
        if way == "mapped":
            mapped[:5] = b"other"
        else:
            file.write(b"other")
            file.flush()
        values.store([digest], final=True)
    assert storage.get(f"values/{digest}") == b"value"


def test_what_is_no_new_file_is_not_taken(tmp_path: Path) -> None:
    storage, cache = Storage(f"file://{tmp_path / 'storage'}"), Cache(tmp_path / "cache")
    with open_workspace(cache.root) as space:
        values = ValueExchange(space, storage, cache)
        (space.out / "new.0.1").symlink_to("/etc/passwd")
        (space.out / "new.0.2").mkdir()
        os.mkfifo(space.out / "new.0.3")
        for name in ("new.0.1", "new.0.2", "new.0.3", "new.0.4", "../new.0.1", "0" * 64):
            with pytest.raises(Invalid):
                values.name(name)


def test_a_stored_file_that_was_changed_is_not_handed_over(tmp_path: Path) -> None:
    storage, cache = Storage(f"file://{tmp_path / 'storage'}"), Cache(tmp_path / "cache")
    with open_workspace(cache.root) as space:
        (space.out / "new.0.1").write_bytes(b"value")
        values = ValueExchange(space, storage, cache)
        digest, _ = values.name("new.0.1")
        values.store([digest])
        assert values.fetch(digest).read_bytes() == b"value"
    with open_workspace(cache.root) as space:
        stored = tmp_path / "storage" / "values" / digest
        stored.chmod(0o644)
        stored.write_bytes(b"other")
        stored.chmod(0o444)
        with pytest.raises(Unavailable, match="differs from its name"):
            ValueExchange(space, storage, cache).fetch(digest)


def test_user_code_that_owns_the_storage_is_shown_a_copy(tmp_path: Path) -> None:
    storage, cache = Storage(f"file://{tmp_path / 'storage'}"), Cache(tmp_path / "cache")
    with open_workspace(cache.root) as space:
        values = ValueExchange(space, storage, cache)
        (space.out / "new.0.1").write_bytes(b"value")
        digest, _ = values.name("new.0.1")
        values.store([digest])
        stored = (tmp_path / "storage" / "values" / digest).stat().st_ino
        assert values.fetch(digest).stat().st_ino == stored
        assert values.fetch(digest, shown=True).stat().st_ino != stored
