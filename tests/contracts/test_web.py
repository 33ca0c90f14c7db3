"""What the sources of the web UI may not say."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from taxiway.server.app import ROUTERS
from taxiway.server.web.routes import CONTENT_SECURITY_POLICY

ROOT = Path(__file__).parents[2]
WEB = ROOT / "web"
SOURCES = [*sorted((WEB / "src").rglob("*.ts")), *sorted((WEB / "src").rglob("*.tsx"))]
OWN = [path for path in SOURCES if path.name != "schema.d.ts"]
# Each of these would run or show as HTML what somebody wrote.
FORBIDDEN = re.compile(
    r"dangerouslySetInnerHTML|\.(?:inner|outer)HTML\b|insertAdjacentHTML|document\.write"
    r"|\beval\(|new Function\(|rehype-raw|srcDoc|<iframe|<object|<embed"
)
ADDRESS = re.compile(r"""["'`](/(?:api|health|version|metrics|docs|openapi)[^"'`?]*)""")
PLAIN = {"/health/live", "/health/ready", "/version", "/docs", "/openapi.json", "/metrics"}


def paths() -> set[str]:
    """Every path of the public API, its parameters without their names."""
    return {
        re.sub(r"{[^}]*}", "{}", getattr(route, "path", ""))
        for router in ROUTERS
        for route in router.routes
    } | PLAIN


@pytest.mark.parametrize("path", OWN, ids=lambda path: str(path.relative_to(WEB)))
def test_no_source_shows_text_as_html_or_runs_it(path: Path) -> None:
    assert FORBIDDEN.findall(path.read_text()) == []


def test_the_pages_ask_the_public_api_and_nothing_else() -> None:
    known = paths()
    asked = {
        re.sub(r"\$?{[^{}]*}", "{}", found).partition("${")  # what is cut there went on as code
        for path in OWN
        for found in ADDRESS.findall(path.read_text())
    }
    unknown = [
        found
        for found, cut, _ in asked
        if found not in known and not (cut and any(path.startswith(found) for path in known))
    ]
    assert unknown == []
    elsewhere = re.compile(r"fetch\(\s*[\"'`]https?:|new WebSocket|sendBeacon|XMLHttpRequest")
    assert [path.name for path in OWN if elsewhere.search(path.read_text())] == []


def test_the_page_has_no_script_of_its_own_and_loads_none_from_elsewhere() -> None:
    page = (WEB / "index.html").read_text()
    scripts = re.findall(r"<script\b([^>]*)>(.*?)</script>", page, re.DOTALL)
    assert scripts
    assert all('src="/' in given and not inside.strip() for given, inside in scripts)
    assert not re.search(r"https?://|\bon[a-z]+=|<style", page)


def test_the_policy_runs_scripts_of_the_server_only() -> None:
    parts = dict(part.split(" ", 1) for part in CONTENT_SECURITY_POLICY.split("; "))
    assert parts["script-src"] == parts["connect-src"] == parts["default-src"] == "'self'"
    assert parts["object-src"] == parts["base-uri"] == parts["frame-ancestors"] == "'none'"
    assert "eval" not in CONTENT_SECURITY_POLICY
