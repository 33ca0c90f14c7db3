"""`python -m taxiway.server`: the HTTP service, until it is told to stop."""

from __future__ import annotations

import argparse
import gc
import sys
from pathlib import Path

import uvicorn

from taxiway.errors import TaxiwayError
from taxiway.git import selftest
from taxiway.server import logs
from taxiway.server.app import create_app
from taxiway.server.settings import load_settings


def main(arguments: list[str] | None = None) -> int:
    """Serve; 2 when the settings, the database or this machine's git keep it from starting."""
    options = _parser().parse_args(arguments)
    try:
        settings = load_settings(**vars(options))
        settings.require_loopback()
        logs.configure(settings.log_format, settings.log_level)
        selftest.prove()
        app = create_app(settings)
    except TaxiwayError as error:
        hint = f"\n\nhint: {error.hint}" if error.hint else ""
        print(f"error: {error.message}{hint}", file=sys.stderr)
        return 2
    # What a start makes stays to the end: no collection during a request needs to look through it.
    gc.collect()
    gc.freeze()
    uvicorn.run(
        app,
        host=settings.host,
        port=settings.port,
        log_config=None,
        access_log=False,
        server_header=False,
        timeout_graceful_shutdown=10,
    )
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m taxiway.server", description=main.__doc__)
    parser.add_argument("--home", type=Path, help="where everything lies (default ~/.taxiway)")
    parser.add_argument("--host", help="address to listen on; loopback only")
    parser.add_argument("--port", type=int, help="port to listen on (default 8000)")
    parser.add_argument("--database-url", help="sqlite:///… or postgresql://…")
    return parser


if __name__ == "__main__":
    sys.exit(main())
