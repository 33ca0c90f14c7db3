"""The workshop of one workflow: with the workflow's own way to its repository."""

from __future__ import annotations

from dataclasses import dataclass, replace

from taxiway.server.credentials.keyring import Keyrings
from taxiway.server.releases.prepare import Order, Workshop


@dataclass(frozen=True)
class Workshops:
    """Without keyrings every repository is read as a stranger."""

    shop: Workshop
    keyrings: Keyrings | None = None

    def of(self, workflow_id: str, repository: str | None) -> Workshop:
        if self.keyrings is None:
            return self.shop
        login = self.keyrings.index_login(workflow_id)
        shop = replace(self.shop, packages=replace(self.shop.packages, login=login))
        if repository is None:
            return shop
        return replace(shop, git=self.keyrings.for_workflow(workflow_id, repository))

    def for_draft(self, order: Order, credential: str | None) -> Workshop:
        """That of a workflow whose repository and credential are not saved yet."""
        repository = order.workflow.git_repository
        if self.keyrings is None or repository is None:
            return self.shop
        reader = f"the workflow {order.workflow.name}"
        policy = self.keyrings.for_repository(repository, credential, reader=reader)
        return replace(self.shop, git=policy)
