"""The HTTP routes of known hosts."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Path, Query, Response

from taxiway.server.dependencies import DatabaseDep, Reading, SettingsDep, Writing
from taxiway.server.known_hosts import service
from taxiway.server.known_hosts.listing import KnownHostQuery
from taxiway.server.known_hosts.scan import key_with
from taxiway.server.known_hosts.schemas import KnownHostCreate, KnownHostResponse
from taxiway.server.paging import Page
from taxiway.server.versions import NOT_MODIFIED, IfMatch, IfNoneMatch

router = APIRouter(prefix="/api/v1/known-hosts", tags=["known hosts"])

KnownHostId = Annotated[str, Path(description="UUID of the known host.")]


@router.post("", status_code=201, operation_id="createKnownHost")
def create_known_host(
    body: KnownHostCreate, database: DatabaseDep, settings: SettingsDep, response: Response
) -> KnownHostResponse:
    """Know one more key of a host, or a new one after it changed its key."""
    if (body.public_key is None) == (body.fingerprint is None):
        raise service.refused(
            "host-key-refused", "One of public_key and fingerprint is wanted", "/public_key"
        )
    key = body.public_key
    if key is None:
        host, port = service.place_of(body)
        key = key_with(body.fingerprint or "", host, port, settings.git_policy())
    with database.writing() as session:
        row = service.create(session, body, key)
        session.flush()
        response.headers["Location"] = f"/api/v1/known-hosts/{row.id}"
        service.version(row).put(response)
        return service.respond(row)


@router.get("", operation_id="listKnownHosts")
def list_known_hosts(
    session: Reading, asked: Annotated[KnownHostQuery, Query()]
) -> Page[KnownHostResponse]:
    """The keys that SSH hosts may show, by host."""
    return service.list_page(session, asked)


@router.get(
    "/{known_host_id}",
    operation_id="getKnownHost",
    response_model=KnownHostResponse,
    responses=NOT_MODIFIED,
)
def get_known_host(
    known_host_id: KnownHostId,
    session: Reading,
    response: Response,
    if_none_match: IfNoneMatch = None,
) -> KnownHostResponse | Response:
    """One key of one host."""
    row = service.get(session, known_host_id)
    version = service.version(row)
    version.put(response)
    if version.is_known(if_none_match):
        return Response(status_code=304, headers=dict(response.headers))
    return service.respond(row)


@router.delete("/{known_host_id}", status_code=204, operation_id="deleteKnownHost")
def delete_known_host(
    known_host_id: KnownHostId, session: Writing, if_match: IfMatch = None
) -> None:
    """Forget the key: a host that shows it is refused from now on."""
    service.delete(session, known_host_id, if_match)
