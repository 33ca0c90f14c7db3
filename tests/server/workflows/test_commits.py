"""What an edit of commit and policy means."""

from __future__ import annotations

from typing import Any

import pytest

from taxiway.errors import Invalid
from taxiway.server.workflows.commits import choose_commit

A, B = "a" * 40, "b" * 40


@pytest.mark.parametrize(
    ("stored", "given", "left"),
    [
        ((None, "on_deploy"), {}, (None, "on_deploy")),
        ((None, "on_deploy"), {"git_commit_sha": A}, (A, "pinned")),
        ((None, "on_push"), {"git_commit_sha": None}, (None, "on_deploy")),
        ((A, "pinned"), {"git_commit_sha": None}, (None, "on_deploy")),
        ((A, "on_deploy"), {"git_commit_sha": A}, (A, "on_deploy")),
        ((A, "on_deploy"), {"git_commit_sha": B}, (B, "pinned")),
        ((A, "on_deploy"), {"git_update_policy": "pinned"}, (A, "pinned")),
        ((A, "pinned"), {"git_update_policy": "on_deploy"}, (A, "on_deploy")),
        # get, edit, put: the other of the two comes along as it is stored
        ((A, "on_deploy"), {"git_commit_sha": B, "git_update_policy": "on_deploy"}, (B, "pinned")),
        ((A, "on_push"), {"git_commit_sha": A, "git_update_policy": "on_push"}, (A, "on_push")),
        (
            (None, "on_push"),
            {"git_commit_sha": None, "git_update_policy": "on_push"},
            (None, "on_push"),
        ),
        (
            (A, "pinned"),
            {"git_commit_sha": None, "git_update_policy": "pinned"},
            (None, "on_deploy"),
        ),
        ((A, "pinned"), {"git_commit_sha": A, "git_update_policy": "on_deploy"}, (A, "on_deploy")),
        ((A, "on_deploy"), {"git_commit_sha": B, "git_update_policy": "pinned"}, (B, "pinned")),
        (
            (A, "pinned"),
            {"git_commit_sha": None, "git_update_policy": "on_push"},
            (None, "on_push"),
        ),
        ((A, "pinned"), {"git_commit_sha": B, "git_update_policy": None}, (B, "pinned")),
    ],
)
def test_an_edit_leaves(
    stored: tuple[str | None, str], given: dict[str, Any], left: tuple[str | None, str]
) -> None:
    assert choose_commit(given, stored_commit=stored[0], stored_policy=stored[1]) == left


@pytest.mark.parametrize(
    ("stored", "given", "code"),
    [
        ((None, "on_deploy"), {"git_update_policy": "pinned"}, "commit-required"),
        (
            (A, "on_deploy"),
            {"git_commit_sha": None, "git_update_policy": "pinned"},
            "commit-required",
        ),
        (
            (A, "pinned"),
            {"git_commit_sha": B, "git_update_policy": "on_deploy"},
            "commit-policy-contradiction",
        ),
        (
            (None, "on_deploy"),
            {"git_commit_sha": B, "git_update_policy": "on_push"},
            "commit-policy-contradiction",
        ),
    ],
)
def test_an_edit_that_contradicts_itself_is_refused(
    stored: tuple[str | None, str], given: dict[str, Any], code: str
) -> None:
    with pytest.raises(Invalid) as caught:
        choose_commit(given, stored_commit=stored[0], stored_policy=stored[1])
    assert caught.value.code == code
