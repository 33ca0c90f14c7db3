"""What a notification says: a ready `text` for chat services, and the same as fields.

No param, environment variable, log line or value is in it: it leaves the house.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

from taxiway.server.database import NotificationRow, ReleaseRow, RunRow, WorkflowRow

MOST = 500  # characters of an error


@dataclass(frozen=True)
class Links:
    """Where this server and Airflow answer."""

    server_url: str
    airflow_url: str

    def of(
        self, workflow: WorkflowRow, run: RunRow | None, release: ReleaseRow | None
    ) -> dict[str, str]:
        own = f"{self.server_url}/api/v1"
        dag = f"{self.airflow_url}/dags/{quote(workflow.dag_id, safe='')}"
        links = {"workflow": f"{own}/workflows/{workflow.id}", "airflow": dag}
        if release is not None:
            links["release"] = f"{own}/workflows/{workflow.id}/releases/{release.number}"
        if run is not None:
            links["run"] = f"{own}/runs/{run.id}"
            links["airflow"] = f"{dag}/runs/{quote(run.airflow_run_id, safe='')}"
        return links


def body(
    row: NotificationRow,
    workflow: WorkflowRow,
    run: RunRow | None,
    release: ReleaseRow | None,
    links: Links,
) -> dict[str, Any]:
    """The JSON that is posted."""
    error = _error(row.event, run, release)
    addresses = links.of(workflow, run, release)
    return {
        "event": row.event,
        "text": _text(row.event, workflow, release, error, addresses),
        "delivery": row.id,
        "created_at": row.created_at.isoformat(),
        "workflow": {"id": workflow.id, "name": workflow.name, "dag_id": workflow.dag_id},
        "run": _run(run) if run else None,
        "release": {"number": release.number, "state": release.state} if release else None,
        "commit": release.commit if release else None,
        "error": error,
        "links": addresses,
    }


def _run(run: RunRow) -> dict[str, Any]:
    moments = {
        name: moment.isoformat() if moment else None
        for name, moment in (
            ("created_at", run.created_at),
            ("started_at", run.started_at),
            ("ended_at", run.ended_at),
        )
    }
    return {"id": run.id, "state": run.state, "trigger": run.trigger, **moments}


def _error(event: str, run: RunRow | None, release: ReleaseRow | None) -> dict[str, Any] | None:
    if event == "run-failed" and run is not None:
        tasks = [str(task["task"]) for task in run.tasks or () if task["state"] == "failed"]
        named = f"failed: {', '.join(tasks)}" if tasks else "no task is named"
        return {"code": "run-failed", "message": f"The run failed; {named}"[:MOST], "tasks": tasks}
    if event == "deploy-failed" and release is not None:
        told = release.error or {}
        return {
            "code": str(told.get("code", "deploy-failed")),
            "message": str(told.get("message", ""))[:MOST],
            "hint": str(told.get("hint", ""))[:MOST],
        }
    return None


def _text(
    event: str,
    workflow: WorkflowRow,
    release: ReleaseRow | None,
    error: dict[str, Any] | None,
    links: dict[str, str],
) -> str:
    what = {
        "run-failed": "❌ A run of {name} failed",
        "run-recovered": "✅ {name} succeeds again",
        "deploy-failed": "❌ A deploy of {name} failed",
        "test": "👋 Taxiway tells of {name} here",
    }[event]
    parts = [what.format(name=_plain(workflow.name))]
    if release is not None:
        commit = f", commit {release.commit[:10]}" if release.commit else ""
        parts.append(f" (release {release.number}{commit})")
    if error is not None:
        parts.append(f": {_plain(error['message'])}")
    where = links.get("run") or links.get("release") or links["workflow"]
    return "".join(parts) + f"\n{where}"


def _plain(text: str) -> str:
    """One line that a chat service takes for text: `<!channel>` would call everybody."""
    line = " ".join(text.split())
    return line.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
