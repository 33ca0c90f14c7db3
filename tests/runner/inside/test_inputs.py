from __future__ import annotations

from typing import Annotated, Any

import pytest

from taxiway.runner.inside.inputs import follow, is_writable, task_of
from taxiway.runner.inside.refusal import Refused


def test_a_path_leads_through_keys_elements_and_attributes() -> None:
    value = {"metrics": {"accuracy": 0.9}, "runs": [{"n": 1}, {"n": 2}], 3: "three"}
    assert follow(value, "train.metrics.accuracy", ".metrics.accuracy") == 0.9
    assert follow(value, "train.runs[1].n", ".runs[1].n") == 2
    assert follow(value, "train[3]", "[3]") == "three"
    assert follow(3 + 4j, "train.imag", ".imag") == 4
    with pytest.raises(Refused, match=r"train.metrics is a dict without f1; it has: accuracy"):
        follow(value, "train.metrics.f1", ".metrics.f1")
    with pytest.raises(Refused, match="is a list without 7"):
        follow(value, "train.runs[7]", ".runs[7]")


def test_the_longest_name_is_the_task() -> None:
    assert task_of("train.model.x", ["train", "train.model"]) == "train.model"
    assert task_of("train[0]", ["train"]) == "train"
    with pytest.raises(Refused, match="names no task"):
        task_of("training.x", ["train"])


def test_a_writable_copy_is_asked_for_by_the_annotation() -> None:
    def plain(a: Annotated[Any, "writable"], b: Annotated[Any, "unit"], c: Any) -> None: ...

    def evaluated() -> None: ...

    evaluated.__annotations__ = {"a": Annotated[Any, "writable"], "b": Any}
    assert [is_writable(plain, name) for name in "abcd"] == [True, False, False, False]
    assert [is_writable(evaluated, name) for name in "ab"] == [True, False]
