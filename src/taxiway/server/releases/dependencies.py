"""What the routes of releases are given."""

from __future__ import annotations

from typing import Annotated

from fastapi import Depends, Request

from taxiway.server.releases.deployer import Deployer
from taxiway.server.releases.prepare import Workshop
from taxiway.storage.store import Storage


def get_deployer(request: Request) -> Deployer:
    deployer: Deployer = request.app.state.deployer
    return deployer


def get_storage(request: Request) -> Storage:
    storage: Storage = request.app.state.storage
    return storage


def get_workshop(request: Request) -> Workshop:
    shop: Workshop = request.app.state.machinery.shop
    return shop


DeployerDep = Annotated[Deployer, Depends(get_deployer)]
StorageDep = Annotated[Storage, Depends(get_storage)]
WorkshopDep = Annotated[Workshop, Depends(get_workshop)]
