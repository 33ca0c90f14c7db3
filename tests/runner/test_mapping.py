from __future__ import annotations

import pytest

from taxiway.errors import Invalid
from taxiway.runner.host import MemoryHost
from taxiway.runner.mapping import require_few
from taxiway.workflow.models import Task, Workflow

FLOW = Workflow(
    "flow",
    "flow",
    tasks=(
        Task("make"),
        Task("load"),
        Task("train", expand={"a": "make", "b": "load", "seed": [1, 2]}),
        Task("square", expand={"a": "load", "b": "load"}),
    ),
)


def test_every_combination_counts_as_far_as_it_is_known() -> None:
    host = MemoryHost()
    require_few([0] * 5, "make", FLOW, 10, host)
    host.xcom["make", "return_value"] = [0] * 5
    require_few([0] * 3, "load", FLOW, 30, host)
    with pytest.raises(Invalid, match=r"Task train would run 30 times, with 3 elements of load"):
        require_few([0] * 3, "load", FLOW, 29, host)
    with pytest.raises(Invalid, match="Task square would run 16 times"):
        require_few([0] * 4, "load", FLOW, 15, MemoryHost())


def test_one_list_is_limited_by_itself() -> None:
    with pytest.raises(Invalid, match=r"Task make returned 11 elements .* limit is 10, max_map"):
        require_few([0] * 11, "make", FLOW, 10, MemoryHost())
