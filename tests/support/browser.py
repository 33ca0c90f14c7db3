"""A real browser for the tests of the web UI: Debian's Chromium, driven by Playwright."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from shutil import which
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, ConsoleMessage, Page, expect, sync_playwright

CHROMIUM = next(filter(None, map(which, ("chromium", "chromium-browser", "google-chrome"))), None)
RULES = {"runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa"], "resultTypes": ["violations"]}
SECONDS = 60_000  # in milliseconds
# Chromium says so by itself whenever an answer is 4xx or 5xx; pages show those.
EXPECTED = ("Failed to load resource",)


@contextmanager
def browser() -> Iterator[Browser]:
    if CHROMIUM is None:
        pytest.skip("NO BROWSER: the web UI is not tested here. Run scripts/install-browser")
    expect.set_options(timeout=SECONDS)
    with sync_playwright() as playwright:
        # Chromium's own sandbox does not start as root.
        flags = ["--no-sandbox"] if os.geteuid() == 0 else []
        started = playwright.chromium.launch(executable_path=CHROMIUM, args=flags)
        yield started
        started.close()


class Window:
    """One page of the browser, which keeps whatever the browser complained of."""

    def __init__(
        self, browser: Browser, server: str, scheme: Any = "light", **options: Any
    ) -> None:
        options.setdefault("viewport", {"width": 1360, "height": 844})
        self.context = browser.new_context(base_url=server, color_scheme=scheme, **options)
        self.context.set_default_timeout(SECONDS)
        self.page: Page = self.context.new_page()
        self.complaints: list[str] = []
        self.page.on("console", self._said)
        self.page.on("pageerror", lambda error: self.complaints.append(f"broken: {error}"))

    def _said(self, message: ConsoleMessage) -> None:
        if message.type == "error" and not message.text.startswith(EXPECTED):
            self.complaints.append(message.text)

    def open(self, path: str, ready: str) -> Page:
        """Go to an address, and wait until `ready` is seen."""
        self.page.goto(path)
        self.page.get_by_text(ready, exact=False).first.wait_for()
        return self.page

    def violations(self) -> list[str]:
        """What axe finds wrong, each with the first place of it."""
        found = Axe().run(self.page, options=RULES).response["violations"]
        return [
            f"{self.page.url} {one['id']}: {json.dumps(one['nodes'][0]['target'])} of"
            f" {len(one['nodes'])}: {one['nodes'][0].get('failureSummary', '')[:300]}"
            for one in found
        ]

    def close(self) -> None:
        self.context.close()
