"""What the publishing threads ask of those who decide what Airflow shall show."""

from __future__ import annotations

from typing import Protocol

from taxiway.errors import TaxiwayError
from taxiway.server.database import PublicationRow


class Showing(Protocol):
    def settle_owed(self) -> None:
        """Show again every workflow for which that is owed."""

    def republish(self, workflow_id: str) -> None:
        """Show the current release, with its schedule only while the workflow is active and is
        not deleted; take the workflow out where it has no release that works."""

    def broken(self, publication: PublicationRow, error: TaxiwayError) -> None:
        """Airflow cannot show this publication."""
