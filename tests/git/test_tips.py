"""Who made the commits that refs name, from a store of its own."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from taxiway.git import call
from taxiway.git.tips import tips

pytestmark = pytest.mark.integration


@pytest.fixture
def fetches(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    found: list[str] = []
    run = call.run

    def counting(arguments: Any, **rest: Any) -> Any:
        if arguments[0] == "fetch":
            found.append(" ".join(arguments))
        return run(arguments, **rest)

    monkeypatch.setattr(call, "run", counting)
    return found


def test_tips_are_fetched_once_and_again_when_a_ref_moves(
    mirror: Any, origin: Any, fetches: list[str]
) -> None:
    origin.git("tag", "-a", "v1", "-m", "annotated")
    commits = {ref.commit for ref in mirror.refs()}
    found = tips(mirror, commits)
    assert {commit: facts.subject for commit, facts in found.items()} == dict.fromkeys(
        commits, "change"
    )
    assert tips(mirror, commits) == found
    assert len(fetches) == 1
    assert "--filter=tree:0" in fetches[0]
    moved = origin.commit({"x": "y"}, "moved")
    assert tips(mirror, [moved])[moved].subject == "moved"
    assert len(fetches) == 2


def test_branches_that_take_turns_as_folders_of_each_other_are_followed(
    mirror: Any, origin: Any
) -> None:
    origin.git("branch", "a")
    tips(mirror, [ref.commit for ref in mirror.refs()])
    origin.git("branch", "-d", "a")
    origin.git("switch", "-q", "-c", "a/b")
    moved = origin.commit({"x": "1"}, "below")
    assert tips(mirror, [moved])[moved].subject == "below"


def test_a_remote_that_gives_none_leaves_them_unknown(
    mirror: Any, origin: Any, fetches: list[str]
) -> None:
    commits = [ref.commit for ref in mirror.refs()]
    origin.path.rename(origin.path.with_name("away"))
    assert tips(mirror, commits) == {}


def test_a_damaged_store_is_made_anew(
    mirror: Any, origin: Any, new_origin: Callable[[str], Any]
) -> None:
    commits = [ref.commit for ref in mirror.refs()]
    tips(mirror, commits)
    for pack in (mirror.folder / "tips.git" / "objects" / "pack").glob("*.pack"):
        pack.chmod(0o644)
        pack.write_bytes(b"")
    assert set(tips(mirror, commits)) == set(commits)
