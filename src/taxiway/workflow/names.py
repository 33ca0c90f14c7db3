"""Names: which ones a task may have, and the DAG id that a workflow's name becomes."""

from __future__ import annotations

import hashlib
import re
import unicodedata

from taxiway.errors import Problem

MAX_DAG_ID = 200  # Airflow takes 250; a file name has to hold it too
MAX_TASK_NAME = 250

_TASK_NAME = re.compile(r"[\w.-]+")
_ENV_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_RESERVED = ("taxiway_sentinel",)


def dag_id_of(name: str) -> str:
    """The DAG id for a new workflow of that name: the name itself wherever Airflow takes it.

    ASCII letters, digits, `_`, `-` and `.`. Accents are dropped; where a name loses more than
    that, a digest of it follows, so that different names keep different ids.
    """
    plain = "".join(
        char for char in unicodedata.normalize("NFKD", name) if not unicodedata.combining(char)
    )
    slug = re.sub(r"[^A-Za-z0-9_.-]+", "_", plain).lstrip(".-")
    lossy = any(char.isalnum() and not char.isascii() for char in plain)
    reserved = slug in _RESERVED or slug.startswith("__")
    if lossy or reserved or len(slug) > MAX_DAG_ID or not slug.strip("_.-"):
        digest = hashlib.sha256(name.encode()).hexdigest()[:8]
        stem = slug[: MAX_DAG_ID - 9].strip("_.-") or "workflow"
        slug = f"{stem}_{digest}"
    return slug


def check_task_name(name: str) -> Problem | None:
    """What keeps `name` from being an Airflow task id, if anything does."""
    if len(name) > MAX_TASK_NAME:
        return Problem(
            "task-name-refused",
            f"The task name has {len(name)} characters; the limit is {MAX_TASK_NAME}",
            "/name",
        )
    if not _TASK_NAME.fullmatch(name):
        return Problem(
            "task-name-refused",
            f"The task name {name!r} cannot be an Airflow task id",
            "/name",
            "Use letters, digits, underscores, dashes and dots, for example train_model.",
        )
    return None


def is_env_name(name: str) -> bool:
    """Whether an environment variable may have that name."""
    return _ENV_NAME.fullmatch(name) is not None
