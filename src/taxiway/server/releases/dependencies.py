"""What the routes of releases are given."""

from __future__ import annotations

from typing import Annotated

from fastapi import Depends, Request

from taxiway.server.releases.deployer import Deployer
from taxiway.server.releases.workshops import Workshops
from taxiway.storage.store import Storage


def get_deployer(request: Request) -> Deployer:
    deployer: Deployer = request.app.state.deployer
    return deployer


def get_storage(request: Request) -> Storage:
    storage: Storage = request.app.state.storage
    return storage


def get_workshops(request: Request) -> Workshops:
    machinery = request.app.state.machinery
    return Workshops(machinery.shop, machinery.keyrings)


DeployerDep = Annotated[Deployer, Depends(get_deployer)]
StorageDep = Annotated[Storage, Depends(get_storage)]
WorkshopsDep = Annotated[Workshops, Depends(get_workshops)]
