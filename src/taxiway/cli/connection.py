"""The server that a command speaks to, and where people can look at what it did."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

from taxiway.cli import display, options
from taxiway.client.http import Json, TaxiwayClient
from taxiway.embedded.config import LOOPBACK, SERVER_PORT
from taxiway.embedded.stack import running

API = "/api/v1"


@dataclass(frozen=True)
class Connection:
    """A client, and Airflow's address where it is known: that of this machine's stack."""

    client: TaxiwayClient
    airflow_url: str | None = None

    def point(self, path: str, airflow: str = "") -> None:
        """Say on stderr where the thing is: in our API, and in Airflow's pages."""
        display.note(f"API      {self.client.server_url}{API}{path}")
        if airflow and self.airflow_url:
            display.note(f"Airflow  {self.airflow_url}{airflow}")

    def point_to_workflow(self, workflow: Json) -> None:
        shown = f"/dags/{workflow['dag_id']}" if workflow.get("current_release") else ""
        self.point(f"/workflows/{workflow['id']}", shown)

    def point_to_run(self, run: Json) -> None:
        airflow = f"/dags/{run['dag_id']}/runs/{quote(run['airflow_run_id'])}"
        self.point(f"/runs/{run['id']}", airflow)


@contextmanager
def connect(server: str | None, home: Path | None) -> Iterator[Connection]:
    """The server that was named, else that of the home's running stack, else the usual one."""
    stack = running(options.folder(home))
    address = server or (stack.server_url if stack else f"http://{LOOPBACK}:{SERVER_PORT}")
    with TaxiwayClient(address) as client:
        ours = stack is not None and client.server_url == stack.server_url
        yield Connection(client, stack.airflow_url if stack and ours else None)
