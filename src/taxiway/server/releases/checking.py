"""The deploy check on what a mirror holds: the same inside a deploy and asked for alone."""

from __future__ import annotations

from dataclasses import dataclass, field

from taxiway.environment.declared import Declared
from taxiway.functions.found import FoundFunctions
from taxiway.functions.model import Function
from taxiway.git.policy import TreeLimits
from taxiway.release.catalogue import SourceCatalogue
from taxiway.release.check import check
from taxiway.release.findings import Finding, errors_of, notes_of, refuse
from taxiway.release.packages import Packages
from taxiway.release.trigger import functions_of_tasks
from taxiway.server.releases.sources import Sources
from taxiway.storage.cache import Cache
from taxiway.workflow.models import Workflow


@dataclass(frozen=True)
class Checked:
    """What the check found, and what else it came to know: the functions of the tasks, and what
    people should be told of the release."""

    findings: tuple[Finding, ...]
    functions: dict[str, Function] = field(default_factory=dict)
    notes: tuple[str, ...] = ()


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
    functions = functions_of_tasks(workflow, sources.tree, catalogue)
    return Checked(tuple(findings), functions, (*packages.choices, *notes_of(findings)))


def require_sound(name: str, checked: Checked, packages: Packages) -> tuple[Declared, ...]:
    """What tasks ask for; `Invalid` with all that is wrong. Where only the requirements are, their
    own error."""
    refused = packages.refusal
    if refused is not None and errors_of(checked.findings) == errors_of(packages.findings):
        raise refused
    refuse(name, checked.findings)
    return packages.needed
