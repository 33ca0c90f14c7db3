"""The deploy check: what can be proven about a workflow at one commit without running any of it.

One pure function. All that is wrong is told at once, each finding with its place and a remedy.
What only running can tell is let pass.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from taxiway.functions.model import Catalogue
from taxiway.git.policy import TreeLimits
from taxiway.release.check_code import called_by
from taxiway.release.check_params import Given, check_params
from taxiway.release.check_tree import check_tree
from taxiway.release.check_workflow import ancestors_of, check_workflow
from taxiway.release.findings import Finding
from taxiway.release.tree import Tree
from taxiway.workflow.models import Workflow


def check(
    workflow: Workflow,
    tree: Tree | None,
    catalogue: Catalogue,
    *,
    limits: TreeLimits,
    packages: Sequence[Finding] = (),
) -> list[Finding]:
    """What stops a deploy of `workflow` at a commit, and what may surprise there.

    `tree` is None for a workflow without a repository, or where its commit could not be read.
    The catalogue has the functions of its files, and of inline tasks by `inline_path`.
    `packages` is what reading the requirements said.
    """
    return [
        *check_workflow(workflow),
        *_check_tasks(workflow, tree, catalogue),
        *(check_tree(tree, limits) if tree else ()),
        *packages,
    ]


def _check_tasks(workflow: Workflow, tree: Tree | None, catalogue: Catalogue) -> Iterator[Finding]:
    ancestors = ancestors_of(workflow)
    names = frozenset(task.name for task in workflow.tasks)
    for task in workflow.tasks:
        found = called_by(task, tree, catalogue, has_repository=bool(workflow.git_repository))
        yield from found.findings
        if found.function is not None and found.function.is_certain:
            given = Given(task.params, ancestors[task.name], names, workflow.schedule is not None)
            yield from check_params(task, found.function, given)
