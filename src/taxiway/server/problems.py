"""The one translator of errors to HTTP: RFC 9457 problem details.

    Invalid 422 · NotFound 404 · Conflict 409 · Denied 403 · TaskFailed 422 · Unavailable 503

A few codes have a status of their own. Whatever else escapes is a bug of ours: it is logged with
its traceback, and the answer says so with the request's id and no internals.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

import psycopg.errors
import structlog
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from pydantic import BaseModel, Field
from sqlalchemy.exc import DBAPIError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from starlette.exceptions import HTTPException

from taxiway.errors import (
    Conflict,
    Denied,
    Invalid,
    NotFound,
    Problem,
    TaskFailed,
    TaxiwayError,
    Unavailable,
)
from taxiway.server.fields import FieldRefused
from taxiway.server.request_id import current_request_id

MEDIA_TYPE = "application/problem+json"

_STATUS: dict[type[TaxiwayError], int] = {
    Invalid: 422,
    NotFound: 404,
    Conflict: 409,
    Denied: 403,
    TaskFailed: 422,
    Unavailable: 503,
}
_STATUS_BY_CODE = {
    "json-malformed": 400,
    "url-refused": 400,
    "body-too-large": 413,
    "media-type-not-supported": 415,
    "method-not-allowed": 405,
    "edit-conflict": 412,
}
_log = structlog.get_logger("taxiway.server")


class FieldProblem(BaseModel):
    """One thing that is wrong with the input, and where."""

    pointer: str = Field(description="JSON pointer into the body, for example `/params/epochs`.")
    field: str = Field(description="The field's name, with dots between levels.")
    code: str = Field(description="Stable kebab-case code.")
    message: str = Field(description="What is wrong.")
    hint: str = Field("", description="What to do.")


class ProblemDetails(BaseModel):
    """An error, as RFC 9457 has it."""

    type: str = Field(description="`/errors/<code>`, stable.")
    title: str = Field(description="The status in words.")
    status: int = Field(description="The HTTP status.")
    detail: str = Field(description="What is wrong; it names the thing.")
    code: str = Field(description="Stable kebab-case code for programs.")
    hint: str = Field("", description="What to do.")
    request_id: str = Field(description="Names this request in the server's log.")
    errors: list[FieldProblem] = Field(
        default_factory=list, description="One entry for each thing that is wrong."
    )


_CONTENT = {MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/ProblemDetails"}}}
RESPONSES: dict[int | str, dict[str, Any]] = {
    "4XX": {"description": "The request is refused; `code` says why.", "content": _CONTENT},
    "5XX": {"description": "The service failed; `code` says how.", "content": _CONTENT},
}


def openapi_schemas() -> dict[str, Any]:
    """What `RESPONSES` refers to."""
    schema = ProblemDetails.model_json_schema(ref_template="#/components/schemas/{model}")
    return {**schema.pop("$defs"), "ProblemDetails": schema}


def status_of(error: TaxiwayError) -> int:
    for kind, status in _STATUS.items():
        if isinstance(error, kind):
            return _STATUS_BY_CODE.get(error.code, status)
    return 500


def respond(error: TaxiwayError) -> JSONResponse:
    """The answer for one of our own errors."""
    headers = {"Retry-After": "5"} if isinstance(error, Unavailable) else {}
    errors = [_field(problem) for problem in error.problems]
    body = _body(status_of(error), error.code, error.message, error.hint, errors)
    for name, value in error.context.items():
        body.setdefault(name, value)  # RFC 9457's extension members
    return _response(body, headers)


def internal_error() -> JSONResponse:
    return _response(
        _body(
            500,
            "internal-error",
            "Something broke inside Taxiway: this is a bug of ours, not of your request",
            f"Report it with the request id {current_request_id()}; the server's log has the rest.",
        )
    )


def install(app: FastAPI) -> None:
    """Teach `app` to answer every error as a problem."""
    app.add_exception_handler(TaxiwayError, _on_taxiway_error)
    app.add_exception_handler(RequestValidationError, _on_validation_error)
    app.add_exception_handler(HTTPException, _on_http_exception)
    app.add_exception_handler(OperationalError, _on_database_error)
    app.add_exception_handler(PoolTimeout, _on_database_error)


def _on_taxiway_error(request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, TaxiwayError)
    return respond(error)


def _on_validation_error(request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, RequestValidationError)
    problems = [problem_of(entry) for entry in error.errors()]
    code, detail = "validation-failed", f"{len(problems)} fields are refused: "
    detail += "; ".join(map(_named, problems))
    if len(problems) == 1:
        code, detail = problems[0].code, _named(problems[0])
    return respond(
        Invalid(
            code,
            detail,
            hint=problems[0].hint or "Mend what `errors` lists and send it again.",
            problems=problems,
        )
    )


def _on_http_exception(request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, HTTPException)
    path = request.url.path
    if error.status_code == 404:
        body = _body(404, "route-not-found", f"There is nothing at {path}", "See /docs.")
    elif error.status_code == 405:
        message = f"{path} does not take {request.method}"
        body = _body(405, "method-not-allowed", message, "See /docs.")
    else:
        body = _body(error.status_code, "request-refused", str(error.detail))
    return _response(body, dict(error.headers or {}))


def _on_database_error(request: Request, error: Exception) -> JSONResponse:
    return database_error(error)


def database_error(error: Exception) -> JSONResponse:
    cause = error.orig if isinstance(error, DBAPIError) else error
    _log.error("database-unavailable", error=str(cause))
    if _is_full(cause):
        return respond(
            Unavailable(
                "database-full",
                "The database has no room: nothing of this request was written",
                hint="Free some space on its disk, then repeat the call; what was there is there.",
            )
        )
    return respond(
        Unavailable(
            "database-unavailable",
            "The database does not answer, or could not write",
            hint="The call may be repeated; the server's log and /health/ready say more.",
        )
    )


def _is_full(cause: BaseException | None) -> bool:
    return isinstance(cause, psycopg.errors.DiskFull) or (
        isinstance(cause, sqlite3.Error)
        and getattr(cause, "sqlite_errorcode", None) == sqlite3.SQLITE_FULL
    )


def problem_of(entry: Mapping[str, Any]) -> Problem:
    """A pydantic error, whose place begins with where it was found: `body`, say. What was given
    is not repeated, it may be a secret."""
    place = [str(part) for part in entry["loc"][1:]]
    pointer = "".join("/" + part.replace("~", "~0").replace("/", "~1") for part in place)
    cause = entry.get("ctx", {}).get("error")
    if isinstance(cause, FieldRefused):
        return Problem(cause.error.code, cause.error.message, pointer, cause.error.hint)
    kind = entry["type"]
    if kind == "extra_forbidden":
        return Problem("field-unknown", f"There is no field {place[-1]!r}", pointer, "See /docs.")
    if kind == "missing":
        what = "This field is required" if place else "The body is missing"
        return Problem("field-missing", what, pointer)
    return Problem(_code_of(kind), entry["msg"], pointer)


def _code_of(kind: str) -> str:
    """A code of ours for pydantic's: theirs change with its versions."""
    if kind.endswith(("_type", "_parsing")):
        return "field-type"
    if kind.endswith(("too_long", "too_short")):
        return "field-length"
    if kind.startswith(("greater_than", "less_than")):
        return "field-range"
    return "field-refused"


def _named(problem: Problem) -> str:
    name = _dotted(problem.place)
    general = problem.code.startswith("field-") and problem.code != "field-unknown"
    return f"{name}: {problem.message}" if name and general else problem.message


def _dotted(pointer: str) -> str:
    if not pointer.startswith("/"):
        return pointer
    parts = pointer[1:].split("/")
    return ".".join(part.replace("~1", "/").replace("~0", "~") for part in parts)


def _field(problem: Problem) -> dict[str, str]:
    return {
        "pointer": problem.place if problem.place.startswith("/") else "",
        "field": _dotted(problem.place),
        "code": problem.code,
        "message": problem.message,
        "hint": problem.hint,
    }


def _body(
    status: int, code: str, detail: str, hint: str = "", errors: list[dict[str, str]] | None = None
) -> dict[str, Any]:
    return {
        "type": f"/errors/{code}",
        "title": HTTPStatus(status).phrase,
        "status": status,
        "detail": detail,
        "code": code,
        "hint": hint,
        "request_id": current_request_id(),
        "errors": errors or [],
    }


def _response(body: dict[str, Any], headers: dict[str, str] | None = None) -> JSONResponse:
    return JSONResponse(body, body["status"], headers=headers, media_type=MEDIA_TYPE)
