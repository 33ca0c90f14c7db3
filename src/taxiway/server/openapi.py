"""`python -m taxiway.server.openapi` prints the OpenAPI document; `make openapi` commits it."""

from __future__ import annotations

import json
import sys
import tempfile
from pathlib import Path

from taxiway.server.app import create_app
from taxiway.server.orchestrator.memory import MemoryOrchestrator
from taxiway.server.settings import load_settings


def render() -> str:
    """The document as it is committed."""
    with tempfile.TemporaryDirectory() as folder:
        settings = load_settings(home=Path(folder), database_url=f"sqlite:///{folder}/taxiway.db")
        app = create_app(settings, MemoryOrchestrator(lambda dag_id: None))
        try:
            return json.dumps(app.openapi(), indent=2, ensure_ascii=False) + "\n"
        finally:
            app.state.database.close()


if __name__ == "__main__":
    sys.stdout.write(render())
