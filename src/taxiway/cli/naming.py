"""The names by which people call things: a workflow by id, DAG id or name, a run by a prefix."""

from __future__ import annotations

import difflib
import re
from itertools import islice

from taxiway.client.http import Json, TaxiwayClient
from taxiway.errors import Invalid, NotFound

_UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
SHORT = 8
RECENT = 2000  # runs among which a prefix is looked for


def workflow_of(client: TaxiwayClient, name: str) -> Json:
    """`NotFound` (`workflow-not-found`) names those that are called alike."""
    if _UUID.fullmatch(name):
        return client.workflow(name)
    near = list(client.workflows(q=name[:255])) if name.strip() else []
    found = _exactly(near, name)
    if found is None:
        near = list(client.workflows())  # its DAG id may be that of an earlier name
        found = _exactly(near, name)
    if found is not None:
        return found
    known = [str(workflow[key]) for workflow in near for key in ("name", "dag_id")]
    alike = dict.fromkeys(difflib.get_close_matches(name, known, n=3))
    raise NotFound(
        "workflow-not-found",
        f"There is no workflow {name[:255]!r}",
        hint=f"Do you mean {' or '.join(alike)}?" if alike else "`taxiway workflows list` has all.",
    )


def _exactly(workflows: list[Json], name: str) -> Json | None:
    for key in ("dag_id", "name"):
        for workflow in workflows:
            if workflow[key] == name:
                return workflow
    return None


def workflow_seen(client: TaxiwayClient, name: str) -> tuple[Json, str]:
    """The workflow with its ETag: what somebody else changes meanwhile is not written over."""
    return client.workflow_version(workflow_of(client, name)["id"])


def run_of(client: TaxiwayClient, name: str) -> Json:
    """The run whose id is `name` or begins so; `Invalid` (`run-ambiguous`) where several do."""
    text = name.lower()
    if _UUID.fullmatch(text):
        return client.run(text)
    found = [
        run for run in islice(client.all_runs(limit=200), RECENT) if run["id"].startswith(text)
    ]
    if len(found) == 1:
        return client.run(found[0]["id"])
    if found and text:
        raise Invalid(
            "run-ambiguous",
            f"{len(found)} runs have an id that begins with {name!r}",
            hint=f"Write more of it: {', '.join(run['id'] for run in found[:3])}.",
        )
    raise NotFound(
        "run-not-found",
        f"None of the newest {RECENT} runs has an id that begins with {name[:100]!r}",
        hint="`taxiway runs list` shows them; an older one is found by its full id.",
    )


def task_of(client: TaxiwayClient, workflow: Json, name: str) -> Json:
    """The task of a workflow by its name or id."""
    tasks = list(client.tasks(workflow["id"]))
    for task in tasks:
        if name in (task["name"], task["id"]):
            return task
    names = ", ".join(task["name"] for task in tasks)
    raise NotFound(
        "task-not-found",
        f"{workflow['name']} has no task {name[:255]!r}",
        hint=f"It has: {names}." if names else "It has none yet.",
    )


def task_seen(client: TaxiwayClient, workflow: str, name: str) -> tuple[Json, str]:
    """The task with its ETag."""
    return client.task_version(task_of(client, workflow_of(client, workflow), name)["id"])


def credential_of(client: TaxiwayClient, name: str) -> Json:
    """The credential with that id or name. `NotFound` (`credential-not-found`), `Invalid`
    (`credential-ambiguous`)."""
    if _UUID.fullmatch(name):
        return client.credential(name)
    near = list(client.credentials(q=name[:255])) if name.strip() else []
    found = [one for one in near if one["name"] == name]
    if len(found) == 1:
        return found[0]
    if found:
        raise Invalid(
            "credential-ambiguous",
            f"{len(found)} credentials have the name {name!r}",
            hint=f"Give the id: {', '.join(one['id'] for one in found)}.",
        )
    raise NotFound(
        "credential-not-found",
        f"There is no credential {name[:255]!r}",
        hint="`taxiway credentials list` has all.",
    )


def repository_of(client: TaxiwayClient, name: str) -> Json:
    """The repository with that id or address, or whose address ends so: `group/name`, `name`.
    `NotFound` (`repository-not-found`), `Invalid` (`repository-ambiguous`)."""
    if _UUID.fullmatch(name):
        return client.repository(name)
    plain = name.strip("/").removesuffix(".git")
    near = list(client.repositories(q=plain[:255])) if plain else []
    found = [one for one in near if one["url"] == name] or [
        one for one in near if f"/{one['url'].removesuffix('.git')}".endswith(f"/{plain}")
    ]
    if len(found) == 1:
        return found[0]
    if found:
        raise Invalid(
            "repository-ambiguous",
            f"{len(found)} repositories have an address that ends with {name!r}",
            hint=f"Write more of it: {', '.join(one['url'] for one in found[:3])}.",
        )
    raise NotFound(
        "repository-not-found",
        f"There is no repository {name[:255]!r}",
        hint="`taxiway repositories list` has all; `add` registers one by its address.",
    )
