"""Noting what looks at branches show, so that pages can say how far a workflow is behind."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import structlog
from sqlalchemy.orm import Session

from taxiway.errors import Invalid, TaxiwayError
from taxiway.git.between import count_between
from taxiway.git.mirror import Mirror
from taxiway.server.database import Database, HeadRow, ReleaseRow, WorkflowRow
from taxiway.server.pushes import queries
from taxiway.server.releases import heads
from taxiway.server.workflows import service as workflows

log = structlog.get_logger(__name__)

MirrorOf = Callable[[WorkflowRow], Mirror]


class Heads:
    """One per server process."""

    def __init__(self, database: Database, mirror_of: MirrorOf) -> None:
        self._database = database
        self._mirror_of = mirror_of

    def look(self, workflow_id: str) -> None:
        """Look at the branch of one workflow now. `Invalid` (`repository-missing`), `NotFound`
        (`branch-not-found`), and what Git says of the remote."""
        with self._database.reading() as session:
            row = workflows.get(session, workflow_id)
        if row.git_repository is None:
            raise Invalid(
                "repository-missing",
                f"{row.name} has no git_repository, so there is no branch to look at",
                hint="Set git_repository on the workflow.",
            )
        mirror = self._mirror_of(row)
        head = mirror.resolve_name(row.git_branch).commit
        self.note(mirror, [row], {row.git_branch: head}, bring=True)

    def note(
        self,
        mirror: Mirror,
        rows: Sequence[WorkflowRow],
        seen: Mapping[str, str],
        *,
        bring: bool = False,
    ) -> None:
        """`seen`: branch → commit. `bring` fetches the history that counting needs."""
        with self._database.reading() as session:
            known = heads.heads_of(session, [row.id for row in rows])
            bases = {row.id: _base(session, row) for row in rows}
        found = [
            (row, head, base, self._count(mirror, row, head, base, known.get(row.id), bring))
            for row in rows
            if (head := seen.get(row.git_branch)) is not None
            for base in [bases[row.id]]
        ]
        with self._database.writing() as session:
            queries.lock(session, [row.id for row in rows])  # a deploy notes its head, too
            for row, head, base, behind in found:
                heads.note(session, row, head, base, behind)

    def _count(
        self,
        mirror: Mirror,
        row: WorkflowRow,
        head: str,
        base: str | None,
        known: HeadRow | None,
        bring: bool,
    ) -> int | None:
        if base is None or base == head:
            return 0 if base else None
        if known and (known.commit, known.base) == (head, base) and known.behind is not None:
            return known.behind
        try:
            return count_between(mirror, base, head, row.git_branch, bring=bring)
        except TaxiwayError as error:  # the head is known all the same
            log.warning("not-counted", workflow_id=row.id, why=error.message)
            return None


def _base(session: Session, row: WorkflowRow) -> str | None:
    """The commit of the current release, if it is of the repository that the workflow names."""
    current = session.get(ReleaseRow, row.current_release_id or "")
    if current is None or current.git_repository != row.git_repository:
        return None
    return current.commit
