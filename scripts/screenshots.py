"""Pictures of every page of the web UI in both schemes: `make screenshots`.

It starts a stack of its own, lets the demo fill it, and writes build/screenshots/<page>-<scheme>.png;
those that the documentation shows go to docs/images too. With the address of a server as argument
it looks at that one, and leaves the documentation alone.
"""

from __future__ import annotations

import os
import shutil
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from shutil import which
from typing import Any

import httpx
from playwright.sync_api import expect, sync_playwright
from rich.console import Console

from taxiway.cli import demonstration
from taxiway.client.http import TaxiwayClient
from taxiway.embedded import parts
from taxiway.embedded.config import StackConfig
from taxiway.embedded.example import ExampleRepository
from taxiway.embedded.supervisor import Supervisor

ROOT = Path(__file__).parents[1]
IMAGES = ROOT / "build" / "screenshots"
SHOWN = ("graph-light", "edit-light", "run-light", "compare-light")
SIZE = {"width": 1280, "height": 800}


@contextmanager
def demonstrated() -> Iterator[str]:
    """The address of a server where the demo has run."""
    if len(sys.argv) > 1:
        yield sys.argv[1]
        return
    with tempfile.TemporaryDirectory() as folder:
        config = StackConfig(
            home=Path(folder) / "home", port=0, airflow_port=0, environ=dict(os.environ)
        )
        supervisor = Supervisor(config, plan=parts.plan, say=print)
        try:
            supervisor.start()
            server = supervisor.wait_ready().server_url
            with TaxiwayClient(server) as client:
                example = ExampleRepository("digits", config.demo / "digits")
                demonstration.show(client, example, Console())
            yield server
        finally:
            supervisor.stop()


def pages(server: str) -> dict[str, str]:
    """What there is to see, by name."""
    api = httpx.Client(base_url=f"{server}/api/v1", trust_env=False)

    def first(path: str) -> str:
        return str(api.get(path).json()["items"][0]["id"])

    workflow = f"/workflows/{first('/workflows?q=digits')}"
    run, repository = f"/runs/{first('/runs')}", f"/repositories/{first('/repositories')}"
    api.close()
    return {
        "home": "/",
        "workflows": "/workflows",
        "new-workflow": "/workflows/new",
        "graph": f"{workflow}?task=train_model",
        "edit": f"{workflow}/edit?task=load",
        "runs": f"{workflow}/runs",
        "releases": f"{workflow}/releases",
        "release": f"{workflow}/releases/2",
        "compare": f"{workflow}/compare?base=1&head=2",
        "all-runs": "/runs",
        "run": f"{run}?task=train_model",
        "gantt": f"{run}?view=gantt",
        "table": f"{run}?view=table",
        "value": f"{run}?view=table&task=evaluate_model&tab=value",
        "repositories": "/repositories",
        "code": f"{repository}/code?path=src",
        "file": f"{repository}/code?path=src/train.py&file=#L11-L13",
        "functions": f"{repository}/functions",
        "history": f"{repository}/history",
        "credentials": "/credentials",
        "audit": "/audit",
        "settings": "/settings",
    }


def photograph(server: str) -> None:
    IMAGES.mkdir(parents=True, exist_ok=True)
    chromium = which("chromium") or which("chromium-browser") or which("google-chrome")
    if chromium is None:
        sys.exit("error: there is no browser\n\nhint: apt install chromium")
    flags = ["--no-sandbox"] if os.geteuid() == 0 else []
    schemes: tuple[Any, ...] = ("light", "dark")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=flags)
        for scheme in schemes:
            page = browser.new_page(base_url=server, viewport=SIZE, color_scheme=scheme)
            for name, path in pages(server).items():
                page.goto(path)
                page.get_by_role("heading", level=1).wait_for()
                page.wait_for_timeout(1500)  # for what is asked for when it is there
                expect(page.locator(".mantine-Loader-root")).to_have_count(0, timeout=60_000)
                page.wait_for_timeout(500)
                page.screenshot(path=IMAGES / f"{name}-{scheme}.png")
                print(f"{name}-{scheme}.png")
            page.close()
        browser.close()


if __name__ == "__main__":
    with demonstrated() as server:
        photograph(server)
    if len(sys.argv) == 1:
        for name in SHOWN:
            shutil.copy(IMAGES / f"{name}.png", ROOT / "docs" / "images")
