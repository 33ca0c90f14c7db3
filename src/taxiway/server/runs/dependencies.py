"""What the routes of runs are given."""

from __future__ import annotations

from typing import Annotated

from fastapi import Depends, Request

from taxiway.server.orchestrator.port import Orchestrator
from taxiway.server.runs.mirror import RunMirror


def get_orchestrator(request: Request) -> Orchestrator:
    orchestrator: Orchestrator = request.app.state.orchestrator
    return orchestrator


def get_mirror(request: Request) -> RunMirror:
    mirror: RunMirror = request.app.state.mirror
    return mirror


OrchestratorDep = Annotated[Orchestrator, Depends(get_orchestrator)]
MirrorDep = Annotated[RunMirror, Depends(get_mirror)]
