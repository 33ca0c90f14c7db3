from __future__ import annotations

from taxiway.release.check_expand import check_expand
from taxiway.workflow.models import Task


def codes(task: Task) -> list[str]:
    return [finding.code for finding in check_expand(task, ["make", "load", task.name])]


def test_what_cannot_be_mapped_is_told() -> None:
    assert codes(Task("t", expand={"a": [1], "b": "make"})) == []
    assert codes(Task("t", expand={"a": "make.items"})) == ["expand-over-part"]
    assert codes(Task("t", expand={"a": "make", "b": "load", "c": [1]})) == []
    many = {name: "make" for name in "abcde"}
    assert codes(Task("t", expand=many)) == ["expand-over-several"]
    assert codes(Task("t", expand={"a": list(range(40)), "b": list(range(40))})) == [
        "expand-too-many"
    ]
    assert codes(Task("t", inputs={"a": "make"}, expand={"a": [1]})) == ["expand-and-input"]
