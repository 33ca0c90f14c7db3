from __future__ import annotations

import json

import pytest

from taxiway.errors import Invalid, Problem
from taxiway.release.findings import (
    Finding,
    did_you_mean,
    finding_of,
    from_problem,
    nearest,
    refuse,
)


def test_a_problem_becomes_a_finding_with_its_place() -> None:
    problems = [
        Problem("requirement-option", "no", "requirements.txt:3", "Remove it."),
        Problem("requirement-option", "no", "requirements:2"),
        Problem("schedule-refused", "no", "/schedule"),
        Problem("param-type", "no", "/tasks/train/params/x"),
        Problem("odd", "no"),
    ]
    found = finding_of(Invalid("several", "several", problems=problems))
    assert [(f.file, f.line, f.pointer, f.task) for f in found] == [
        ("requirements.txt", 3, "", None),
        (None, 2, "/requirements", None),
        (None, None, "/schedule", None),
        (None, None, "/tasks/train/params/x", "train"),
        (None, None, "", None),
    ]
    assert [f.place for f in found[:3]] == ["requirements.txt:3", "/requirements", "/schedule"]
    assert finding_of(Invalid("alone", "said", hint="do"))[0] == Finding(
        "error", "alone", "said", "do"
    )
    assert from_problem(problems[0], "warning").severity == "warning"


def test_what_was_meant_is_told_in_the_letters_that_it_has() -> None:
    assert nearest("TRAIN_MODLE", ["other", "train_model"]) == "train_model"
    assert did_you_mean("trian", ["train"]) == "did you mean `train`?"
    assert did_you_mean("zzz", ["train"]) == ""


def test_names_that_are_no_text_can_be_told_all_the_same() -> None:
    odd = Finding("error", "link-leaves-tree", "a\udcff leaves", file="a\udcff")
    assert odd.as_dict()["file"] == odd.as_problem().place == "a\N{REPLACEMENT CHARACTER}"
    with pytest.raises(Invalid) as refused:
        refuse("w", [odd])
    json.dumps(refused.value.context, ensure_ascii=False).encode()
    refused.value.message.encode()
