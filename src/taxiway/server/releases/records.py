"""What a release row keeps as JSON: the order before it is sealed, the error when it failed."""

from __future__ import annotations

import json
from typing import Any

from taxiway import errors
from taxiway.errors import Problem, TaxiwayError
from taxiway.release.model import Release
from taxiway.server.database import ReleaseRow
from taxiway.server.releases.prepare import Order
from taxiway.workflow.models import Workflow

_KINDS = {
    kind.__name__: kind
    for kind in (
        errors.Invalid,
        errors.NotFound,
        errors.Conflict,
        errors.Denied,
        errors.TaskFailed,
        errors.Unavailable,
    )
}


def order_to_json(order: Order) -> str:
    return json.dumps(
        {
            "workflow_id": order.workflow_id,
            "workflow": order.workflow.as_dict(),
            "pinned": order.pinned,
            "head": order.head,
            "upgrade": order.upgrade,
            "ref": order.ref,
            "allow_unreachable": order.allow_unreachable,
        },
        sort_keys=True,
    )


def order_of(row: ReleaseRow) -> Order:
    """The order of a release that is still preparing."""
    raw = json.loads(row.sealed or "{}")
    return Order(
        raw["workflow_id"],
        Workflow.from_dict(raw["workflow"]),
        raw["pinned"],
        head=raw.get("head"),
        upgrade=raw.get("upgrade", False),
        ref=raw.get("ref"),
        allow_unreachable=raw.get("allow_unreachable", False),
    )


def release_of(row: ReleaseRow) -> Release | None:
    """The sealed release; None before it is sealed."""
    if row.digest is None or row.sealed is None:
        return None
    return Release.from_bytes(row.sealed.encode(), commit=row.commit)


def error_to_json(error: TaxiwayError) -> dict[str, Any]:
    return {
        "kind": type(error).__name__,
        "code": error.code,
        "message": error.message,
        "hint": error.hint,
        "problems": [problem.as_dict() for problem in error.problems],
        "context": json.loads(json.dumps(error.context, default=str)),
    }


def error_of(row: ReleaseRow) -> TaxiwayError:
    """The error that a failed release ended with, to be raised again; it names the release."""
    raw = row.error or {}
    kind = _KINDS.get(raw.get("kind", ""), TaxiwayError)
    return kind(
        raw.get("code", "deploy-failed"),
        raw.get("message", "The deploy failed"),
        hint=raw.get("hint", ""),
        problems=[Problem(**problem) for problem in raw.get("problems", [])],
        **{**raw.get("context", {}), "release": row.number},
    )
