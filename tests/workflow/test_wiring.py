from __future__ import annotations

from taxiway.workflow.models import Task, Workflow
from taxiway.workflow.wiring import elements_of, expanded_over, is_expanded_over, upstream_of

MAKE = Task("make")
TRAIN = Task("train", dependencies=("make",), expand={"item": "make", "a": [1, 2], "b": ["x"]})
GATHER = Task("gather", dependencies=("train",))
WORKFLOW = Workflow("w", "w", tasks=(GATHER, MAKE, TRAIN))


def test_elements_are_every_combination_and_upstream_reaches_all_before() -> None:
    assert elements_of(TRAIN) == [{"a": 1, "b": "x"}, {"a": 2, "b": "x"}]
    assert elements_of(Task("t", expand={"item": "make"})) == [{}]
    assert expanded_over(TRAIN) == {"item": "make"}
    assert upstream_of(WORKFLOW, "gather") == ("make", "train")
    names = ("make", "train", "gather")
    assert [is_expanded_over(WORKFLOW, name) for name in names] == [True, False, False]


def test_what_was_sealed_before_has_no_new_fields() -> None:
    assert not {"inputs", "expand", "secrets"} & GATHER.as_dict().keys()
    assert Task.from_dict(TRAIN.as_dict()) == TRAIN
