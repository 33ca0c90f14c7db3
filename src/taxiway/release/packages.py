"""What the deploy check says of the requirements of a commit."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from taxiway.environment.declared import Declared, declared, is_choice
from taxiway.environment.policy import PackagePolicy
from taxiway.environment.provide import downloads
from taxiway.errors import Invalid
from taxiway.release.findings import Finding, finding_of
from taxiway.storage.cache import Cache
from taxiway.workflow.models import Workflow

Read = Callable[[str], bytes | None]


@dataclass(frozen=True)
class Packages:
    """What tasks ask for, by environment; nothing where it is refused; and what is to be said.

    `choices` tell what was chosen: for the notes of a release, but nothing to look into.
    """

    needed: tuple[Declared, ...]
    findings: tuple[Finding, ...]
    refusal: Invalid | None = None
    choices: tuple[str, ...] = ()


def read_packages(workflow: Workflow, read: Read, policy: PackagePolicy, cache: Cache) -> Packages:
    try:
        needed = declared(
            read,
            [(task.name, task.script_path) for task in workflow.tasks],
            fallback=workflow.requirements,
            groups=workflow.dependency_groups,
            policy=policy,
            downloaded=downloads(cache),
        )
    except Invalid as error:
        return Packages((), tuple(finding_of(error)), error)
    notes = dict.fromkeys(note for one in needed for note in one.notes)
    choices = tuple(note for note in notes if is_choice(note))
    said = [Finding("warning", "requirements-noted", note) for note in notes if note not in choices]
    return Packages(tuple(needed), tuple(said), choices=choices)
