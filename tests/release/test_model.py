"""The sealed release: canonical, and the same each time."""

from __future__ import annotations

import hashlib
import json
from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from taxiway.release.model import Environment, Release
from taxiway.workflow.models import Task, Workflow

TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | TEXT
    | st.floats(allow_nan=False, allow_infinity=False),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXT, inner, max_size=3),
    max_leaves=8,
)


def release(**params: object) -> Release:
    task = Task("train", script_path="a.py", function_name="f", params=dict(params))
    workflow = Workflow("Wörk", "work", tasks=(task, Task("b", dependencies=("train",))))
    return Release("w", workflow, "c" * 40, "d" * 40, "e" * 64, "3.11")


@given(params=st.dictionaries(TEXT, JSON, max_size=4))
def test_what_is_sealed_comes_back_as_it_was(params: dict[str, object]) -> None:
    sealed = release(**{"p": params})
    data = sealed.to_bytes()
    assert data.isascii()
    assert Release.from_bytes(data) == sealed
    assert Release.from_bytes(data).to_bytes() == data


def test_the_digest_is_that_of_the_bytes_and_not_of_the_order_they_came_in() -> None:
    one, other = release(a=1, b=2), release(b=2, a=1)
    assert one.to_bytes() == other.to_bytes()
    assert one.digest == hashlib.sha256(one.to_bytes()).hexdigest()


def test_every_field_changes_the_digest() -> None:
    one = release()
    changes = {"workflow_id": "x", "tree": None, "lock": "f" * 64, "python": "3.12", "dag": "d"}
    changes["environments"] = {"train": Environment("f" * 64, "3.11")}
    digests = {replace(one, **{name: value}).digest for name, value in changes.items()}
    digests.add(replace(one, workflow=replace(one.workflow, env={"A": "1"})).digest)
    assert len(digests | {one.digest}) == len(changes) + 2


def test_the_commit_stands_beside_what_is_sealed() -> None:
    one = release()
    other = replace(one, commit="a" * 40)
    assert other.digest == one.digest
    assert Release.from_bytes(one.to_bytes(), commit=one.commit).commit == one.commit
    assert "c" * 40 not in one.to_bytes().decode()


def test_a_release_of_the_first_format_keeps_its_digest() -> None:
    old = replace(release(), format=1)
    data = old.to_bytes()
    assert json.loads(data)["commit"] == "c" * 40
    assert hashlib.sha256(Release.from_bytes(data).to_bytes()).hexdigest() == old.digest
    assert Release.from_bytes(data).commit == "c" * 40


def test_a_task_may_have_an_environment_of_its_own() -> None:
    other = Environment("f" * 64, "3.12")
    sealed = Release.from_bytes(replace(release(), environments={"b": other}).to_bytes())
    assert sealed.environment_of("b") == other
    assert sealed.environment_of("train") == Environment("e" * 64, "3.11")
    assert sealed.locks == ("e" * 64, "f" * 64)


def test_one_line_tells_it_all() -> None:
    one = release()
    assert one.line(3) == (
        f"Release 3, digest {one.digest}, commit {'c' * 40}, lock {'e' * 64}, Python 3.11"
    )


def test_fields_that_a_later_server_adds_are_passed_over() -> None:
    raw = json.loads(release().to_bytes())
    raw["workflow"]["later"] = raw["workflow"]["tasks"][0]["later"] = 1
    assert Release.from_bytes(json.dumps(raw).encode()) == release()


def test_what_was_read_has_the_digest_of_the_very_bytes() -> None:
    sealed = release(p=1)
    data = sealed.to_bytes().replace(b":", b": ")
    read = Release.from_bytes(data, commit=sealed.commit)
    assert read == sealed
    assert read.digest == hashlib.sha256(data).hexdigest() != sealed.digest
