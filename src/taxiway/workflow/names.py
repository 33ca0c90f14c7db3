"""Names: what a workflow and its tasks are called in Airflow, and in the generated file."""

from __future__ import annotations

import hashlib
import keyword
import re
import unicodedata
from collections.abc import Iterable, Mapping

from taxiway.errors import Problem

# Airflow's own rule lets any Unicode letter pass, and says "all ASCII": file names, addresses and
# databases differ in how they compare the others. A name of dots alone would be a folder.
TASK_NAME_PATTERN = r"^[.]*[A-Za-z0-9_-][A-Za-z0-9_.-]*$"
MAX_KEY_LENGTH = 250
SENTINEL_DAG_ID = "taxiway_sentinel"

_KEY = re.compile(r"[.]*[A-Za-z0-9_-][A-Za-z0-9_.-]*")
_NOT_IN_A_SLUG = re.compile(r"[^a-z0-9]+")
_NOT_IN_AN_IDENTIFIER = re.compile(r"[^A-Za-z0-9_]")
_ENV_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_DUNDER = re.compile(r"__.*__")
_STEERING = frozenset({"PATH", "HOME", "TMPDIR", "USER", "LOGNAME", "VIRTUAL_ENV"})


def fits_airflow(name: str) -> bool:
    """Whether `name` can be a task's or a DAG's id as it is."""
    return len(name) <= MAX_KEY_LENGTH and _KEY.fullmatch(name) is not None


def check_task_name(name: str) -> Problem | None:
    """What is wrong with `name` as a task's name, if anything."""
    if fits_airflow(name):
        return None
    return Problem(
        "task-name-refused",
        f"{name[:60]!r} cannot name a task in Airflow",
        hint=f"Use 1 to {MAX_KEY_LENGTH} ASCII letters, digits, underscores, dashes and dots, "
        "and not dots alone.",
    )


def steers(name: str) -> bool:
    """Whether an environment variable says something to the interpreter of a task or to what
    stands around it."""
    return name in _STEERING or name.startswith(("PYTHON", "TAXIWAY_"))


def is_env_name(name: str) -> bool:
    """Whether every shell and program can read an environment variable of that name."""
    return _ENV_NAME.fullmatch(name) is not None


def dag_id_of(name: str) -> str:
    """The DAG id of a new workflow: its name where that fits, else a slug of it; never empty.

    A slug that lost letters ends in a piece of the name's digest, so that two names in another
    script do not fall together.
    """
    if fits_airflow(name) and name != SENTINEL_DAG_ID:
        return name
    folded = "".join(
        letter
        for letter in unicodedata.normalize("NFKD", name)
        if not unicodedata.combining(letter)
    ).casefold()
    slug = _NOT_IN_A_SLUG.sub("_", folded).strip("_")
    lost = any(letter.isalnum() and not letter.isascii() for letter in folded)
    if slug and not lost and len(slug) <= MAX_KEY_LENGTH and slug != SENTINEL_DAG_ID:
        return slug
    digest = hashlib.sha256(name.encode("utf-8", "surrogatepass")).hexdigest()[:8]
    return f"{slug[: MAX_KEY_LENGTH - 9] or 'workflow'}_{digest}"


def identifiers_of(names: Iterable[str], taken: Iterable[str] = ()) -> Mapping[str, str]:
    """task name → its variable in a generated file, in the order given.

    A name that is an identifier keeps itself. One that is none, is a keyword or is taken gets `_`
    and a number; a name that keeps itself never gives way to one that was made.
    """
    names = list(names)
    used = set(taken)
    kept = {name for name in names if _is_free_identifier(name, used)}
    used |= kept
    result: dict[str, str] = {}
    for name in names:
        result[name] = name if name in kept else _numbered(name, used)
        used.add(result[name])
    return result


def _is_free_identifier(name: str, used: set[str]) -> bool:
    return (
        name.isascii()
        and name.isidentifier()
        and not keyword.iskeyword(name)
        and not _DUNDER.fullmatch(name)  # `__file__` and its like belong to Python
        and name not in used
    )


def _numbered(name: str, used: set[str]) -> str:
    base = _NOT_IN_AN_IDENTIFIER.sub("_", name)
    if _DUNDER.fullmatch(base) or not base[:1].isalpha():
        base = f"task_{base.strip('_')}".rstrip("_")
    number = 1
    while f"{base}_{number}" in used:
        number += 1
    return f"{base}_{number}"
