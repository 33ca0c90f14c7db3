"""A workflow and its tasks as plain frozen values."""

from __future__ import annotations

from dataclasses import dataclass, field, fields
from typing import Any

TRIGGER_RULES = (
    "all_success",
    "all_failed",
    "all_done",
    "all_done_min_one_success",
    "all_skipped",
    "one_success",
    "one_failed",
    "one_done",
    "none_failed",
    "none_failed_min_one_success",
    "none_skipped",
    "always",
)
# Left out of what is sealed where nothing is said.
_NEWER: dict[str, Any] = {"inputs": {}, "expand": {}, "secrets": {}, "warm": None}


@dataclass(frozen=True)
class Task:
    """One node: a function of the repository (`script_path`, `function_name`), or inline Python.

    `dependencies` holds names of tasks; `retry_delay` and `timeout` are seconds. `inputs` says which
    parameter gets what of which task, `expand` which get one of many elements in each of many
    task runs, `secrets` which variable of the environment holds what Airflow keeps. `warm` says
    whether it may be forked from a warm process; None leaves that to the workflow.
    """

    name: str
    script_path: str | None = None
    function_name: str | None = None
    python_callable: str | None = None
    params: dict[str, Any] = field(default_factory=dict)
    dependencies: tuple[str, ...] = ()
    retry_count: int = 0
    retry_delay: int = 300
    timeout: int | None = None
    trigger_rule: str = "all_success"
    pool: str | None = None
    pool_slots: int = 1
    queue: str | None = None
    env: dict[str, str] = field(default_factory=dict)
    inputs: dict[str, str] = field(default_factory=dict)
    expand: dict[str, Any] = field(default_factory=dict)
    secrets: dict[str, str] = field(default_factory=dict)
    warm: bool | None = None

    @property
    def is_git(self) -> bool:
        return self.script_path is not None

    def as_dict(self) -> dict[str, Any]:
        """Its fields; the dictionaries are the task's own, not copies. What was sealed before
        there were `inputs`, `expand`, `secrets` and `warm` has the digest that it had."""
        found = {**vars(self), "dependencies": list(self.dependencies)}
        return {
            name: value
            for name, value in found.items()
            if name not in _NEWER or value != _NEWER[name]
        }

    @classmethod
    def from_dict(cls, data: dict[str, Any]) -> Task:
        known = {f.name for f in fields(cls)}
        values = {k: v for k, v in data.items() if k in known}
        return cls(**values | {"dependencies": tuple(values.get("dependencies", ()))})


@dataclass(frozen=True)
class Workflow:
    """A named graph of tasks with a schedule, as it stands at a deploy."""

    name: str
    dag_id: str
    description: str | None = None
    schedule: str | None = None
    timezone: str = "UTC"
    catchup: bool = False
    max_active_runs: int = 1
    git_repository: str | None = None
    git_branch: str = "main"
    git_subdirectory: str | None = None
    requirements: str | None = None
    dependency_groups: tuple[str, ...] = ()
    env: dict[str, str] = field(default_factory=dict)
    secrets: dict[str, str] = field(default_factory=dict)
    warm: bool | None = None  # None leaves it to the setting of the workers
    tasks: tuple[Task, ...] = ()

    def task(self, name: str) -> Task:
        return next(task for task in self.tasks if task.name == name)

    def as_dict(self) -> dict[str, Any]:
        """Its fields; `env` is the workflow's own, not a copy.

        A folder is only named where there is one: what was sealed before there were any has the
        digest that it had.
        """
        found = {**vars(self), "tasks": [task.as_dict() for task in self.tasks]}
        if not self.secrets:
            del found["secrets"]
        if self.warm is None:
            del found["warm"]
        if self.git_subdirectory is None:
            del found["git_subdirectory"]
        if self.dependency_groups:
            found["dependency_groups"] = list(self.dependency_groups)
        else:
            del found["dependency_groups"]
        return found

    @classmethod
    def from_dict(cls, data: dict[str, Any]) -> Workflow:
        known = {f.name for f in fields(cls)}
        values = {k: v for k, v in data.items() if k in known}
        tasks = tuple(Task.from_dict(task) for task in values.pop("tasks", ()))
        values["dependency_groups"] = tuple(values.get("dependency_groups", ()))
        return cls(**values, tasks=tasks)
