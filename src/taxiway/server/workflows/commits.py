"""Which commit a workflow's deploys take: what an edit of it means."""

from __future__ import annotations

from typing import Any

from taxiway.errors import Invalid, Problem


def choose_commit(
    given: dict[str, Any], *, stored_commit: str | None, stored_policy: str
) -> tuple[str | None, str]:
    """The commit and the policy after an edit that gives some of `git_commit_sha` and
    `git_update_policy`.

    - A commit that differs from the stored one selects `pinned`; null selects `on_deploy`.
    - The stored commit changes nothing, so that get, edit, put is safe.
    - A policy that repeats the stored one says nothing (it came with the get); another one is
      taken at its word. With a new commit it can then only be `pinned`: the others would write
      over that commit at once, and are refused (`commit-policy-contradiction`).
    - `pinned` needs a commit (`commit-required`).
    """
    policy = given.get("git_update_policy") or stored_policy
    chosen = policy != stored_policy
    commit = given.get("git_commit_sha", stored_commit)
    if commit is not None and commit != stored_commit:
        if chosen and policy != "pinned":
            raise _contradiction(policy)
        policy = "pinned"
    elif commit is None and "git_commit_sha" in given and not chosen:
        repeated = given.get("git_update_policy") == "on_push"  # it only forgets the last commit
        policy = "on_push" if repeated else "on_deploy"
    if policy == "pinned" and commit is None:
        raise _commit_required()
    return commit, policy


def _contradiction(policy: str) -> Invalid:
    message = f"A git_commit_sha pins the workflow, and git_update_policy says {policy}"
    return Invalid(
        "commit-policy-contradiction",
        message,
        hint="Leave one of the two out.",
        problems=[Problem("commit-policy-contradiction", message, "/git_update_policy")],
    )


def _commit_required() -> Invalid:
    message = "git_update_policy pinned needs a git_commit_sha"
    return Invalid(
        "commit-required",
        message,
        hint="Give the full commit, or use on_deploy.",
        problems=[Problem("commit-required", message, "/git_commit_sha")],
    )
