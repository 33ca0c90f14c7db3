"""What the nouns ask of the parts that publish to Airflow; each has a default that does nothing."""

from __future__ import annotations

from typing import Protocol

from sqlalchemy.orm import Session

from taxiway.server.database import WorkflowRow


class Publisher(Protocol):
    def activity_changed(self, session: Session, workflow: WorkflowRow) -> None:
        """`is_active` has a new value, and with it `schedule_from`.

        Called inside the unit of work: no network here. `database.after_commit` is for that.
        """


class Retirer(Protocol):
    def retire(self, workflow: WorkflowRow, *, cancel: bool) -> None:
        """Take a deleted workflow out of Airflow; called after the deletion is committed.

        It may be called again for the same workflow.
        """


class NoPublisher:
    """Nothing is published."""

    def activity_changed(self, session: Session, workflow: WorkflowRow) -> None:
        return None


class NoRetirer:
    """There is no Airflow to take anything out of."""

    def retire(self, workflow: WorkflowRow, *, cancel: bool) -> None:
        return None
