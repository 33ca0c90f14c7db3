"""Which task of which release shall run, and in what circumstances."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class TaskRequest:
    """All values are JSON.

    `context` holds what the orchestrator knows of the run: `run_id`, `dag_id`, `task_id`,
    `try_number`, `run_after`, `conf`, and, where the run has them, `logical_date`,
    `data_interval_start` and `data_interval_end` (ISO 8601). `param_overrides` go over the params
    that the release holds for the task, and `element`, the params of one of many elements, over
    both; `received` are elements that another task returned, by parameter. Of a task that others
    expand over, at most `max_elements` are taken. `number` and `commit` stand beside what was sealed.
    """

    release_digest: str
    task_name: str
    context: dict[str, Any] = field(default_factory=dict)
    param_overrides: dict[str, Any] = field(default_factory=dict)
    element: dict[str, Any] = field(default_factory=dict)
    received: dict[str, Any] = field(default_factory=dict)
    max_elements: int = 1024
    number: int | None = None
    commit: str | None = None
