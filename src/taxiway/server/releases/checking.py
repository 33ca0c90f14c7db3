"""The deploy check on what a mirror holds: the same inside a deploy and asked for alone."""

from __future__ import annotations

from dataclasses import dataclass, field

from taxiway.environment import requirements
from taxiway.environment.policy import PackagePolicy
from taxiway.errors import Invalid
from taxiway.functions.found import FoundFunctions
from taxiway.functions.model import Function
from taxiway.git.policy import TreeLimits
from taxiway.release.catalogue import SourceCatalogue
from taxiway.release.check import check
from taxiway.release.findings import Finding, errors_of, finding_of, refuse
from taxiway.release.trigger import functions_of_tasks
from taxiway.server.releases.sources import Sources
from taxiway.storage.cache import Cache
from taxiway.workflow.models import Workflow


@dataclass(frozen=True)
class Checked:
    """What the check found, and what else it came to know: the functions of the tasks."""

    findings: tuple[Finding, ...]
    functions: dict[str, Function] = field(default_factory=dict)


@dataclass(frozen=True)
class Packages:
    """The requirements, None where they are refused, and what is to be said of them."""

    needed: requirements.Requirements | None
    findings: tuple[Finding, ...]
    refusal: Invalid | None = None


def read_packages(workflow: Workflow, sources: Sources, policy: PackagePolicy) -> Packages:
    try:
        needed = requirements.of_repository(
            sources.read, fallback=workflow.requirements, policy=policy
        )
    except Invalid as error:
        return Packages(None, tuple(finding_of(error)), error)
    notes = (Finding("warning", "requirements-noted", note) for note in needed.notes)
    return Packages(needed, tuple(notes))


def check_sources(
    workflow: Workflow,
    sources: Sources,
    *,
    cache: Cache,
    limits: TreeLimits,
    packages: Packages,
) -> Checked:
    catalogue = SourceCatalogue(workflow, sources.tree, sources.read, FoundFunctions(cache))
    findings = check(workflow, sources.tree, catalogue, limits=limits, packages=packages.findings)
    return Checked(tuple(findings), functions_of_tasks(workflow, sources.tree, catalogue))


def require_sound(name: str, checked: Checked, packages: Packages) -> requirements.Requirements:
    """The requirements; `Invalid` with all that is wrong. Where only the requirements are, their
    own error."""
    refused = packages.refusal
    if refused is not None and errors_of(checked.findings) == errors_of(packages.findings):
        raise refused
    refuse(name, checked.findings)
    assert packages.needed is not None  # else there was an error
    return packages.needed
