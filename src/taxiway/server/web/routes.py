"""The web UI at `/`: its files, and its one page for every address that is none of the API.

It is no noun of the API: it stands behind all routes and answers what none of them takes.
"""

from __future__ import annotations

import gzip
import mimetypes
from functools import lru_cache
from http import HTTPStatus
from pathlib import Path, PurePosixPath

from fastapi import FastAPI
from starlette.datastructures import Headers
from starlette.responses import HTMLResponse, Response
from starlette.types import Receive, Scope, Send

STATIC = Path(__file__).with_name("static")
ASSETS = "/assets/"
API = ("/api", "/health", "/metrics", "/version", "/openapi.json", "/docs", "/redoc")
CONTENT_SECURITY_POLICY = "; ".join(
    (
        "default-src 'self'",
        "script-src 'self'",
        "style-src 'self' 'unsafe-inline'",  # the editor and the components set styles at run time
        "img-src 'self' data: blob:",
        "font-src 'self' data:",
        "connect-src 'self'",
        "worker-src 'self' blob:",
        "object-src 'none'",
        "base-uri 'none'",
        "form-action 'self'",
        "frame-ancestors 'none'",
    )
)
_FOREVER = "public, max-age=31536000, immutable"
_SERVED = (".js", ".css", ".map", ".svg", ".woff2", ".ico", ".png")
_COMPRESSED = (".js", ".css", ".svg", ".html", ".json")
_TYPES = {".js": "text/javascript", ".woff2": "font/woff2"}


def install(app: FastAPI, static: Path = STATIC) -> None:
    """Let `app` answer with the UI what no route takes."""
    not_found = app.router.default

    async def default(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or not is_of_the_ui(scope["method"], scope["path"]):
            await not_found(scope, receive, send)
            return
        response = answer(static, scope["path"], Headers(scope=scope))
        await (response or not_found)(scope, receive, send)

    app.router.default = default


def is_of_the_ui(method: str, path: str) -> bool:
    """Whether the UI may answer: the API's addresses never show a page."""
    of_the_api = any(path == prefix or path.startswith(f"{prefix}/") for prefix in API)
    return method in ("GET", "HEAD") and not of_the_api


def answer(static: Path, path: str, headers: Headers) -> Response | None:
    """A file of the UI; its page for any other address that a browser opens; else None."""
    file = _file(static, path)
    if file is not None:
        return _respond(file, headers, _FOREVER if path.startswith(ASSETS) else "no-cache")
    if path.startswith(ASSETS) or not (path == "/" or "text/html" in headers.get("accept", "")):
        return None
    page = static / "index.html"
    return _respond(page, headers, "no-cache") if page.is_file() else _unbuilt()


def _file(static: Path, path: str) -> Path | None:
    """What lies there, if it is an asset or lies at the root (an icon, the colour scheme)."""
    name = path.removeprefix(ASSETS).removeprefix("/")
    if PurePosixPath(name).suffix not in _SERVED or "/" in name or "\\" in name:
        return None
    file = static / "assets" / name if path.startswith(ASSETS) else static / name
    return file if file.is_file() else None


def _respond(file: Path, headers: Headers, caching: str) -> Response:
    stat = file.stat()
    etag = f'"{stat.st_mtime_ns:x}-{stat.st_size:x}"'
    answered = {
        "Cache-Control": caching,
        "Content-Security-Policy": CONTENT_SECURITY_POLICY,
        "ETag": etag,
        "Vary": "Accept-Encoding",
    }
    if headers.get("if-none-match") == etag:
        return Response(status_code=HTTPStatus.NOT_MODIFIED, headers=answered)
    kind = _TYPES.get(file.suffix) or mimetypes.guess_type(file.name)[0]
    if file.suffix in _COMPRESSED and "gzip" in headers.get("accept-encoding", ""):
        answered["Content-Encoding"] = "gzip"
        return Response(_compressed(file, stat.st_mtime_ns), headers=answered, media_type=kind)
    return Response(file.read_bytes(), headers=answered, media_type=kind)


@lru_cache(maxsize=200)
def _compressed(file: Path, modified: int) -> bytes:
    return gzip.compress(file.read_bytes(), 9, mtime=0)


_UNBUILT = """<!doctype html>
<html lang="en">
<head><meta charset="utf-8"><title>Taxiway</title></head>
<body>
<h1>The web UI was not built</h1>
<p>This is Taxiway, and it works: the API answers below <a href="/docs">/api/v1</a>,
and so does the command line. Only its pages are missing. They are built from the folder
<code>web</code> when Taxiway is installed, with packages from the npm registry, and that
did not succeed.</p>
<p>To build them, run <code>make ui</code> in the folder that Taxiway was installed from,
where the npm registry can be reached. Then load this page again; nothing has to be restarted.</p>
</body>
</html>
"""


def _unbuilt() -> Response:
    headers = {"Cache-Control": "no-store", "Content-Security-Policy": CONTENT_SECURITY_POLICY}
    return HTMLResponse(_UNBUILT, headers=headers)
