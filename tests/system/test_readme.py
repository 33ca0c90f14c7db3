"""The tutorial of the README does what it says, command by command."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
from shell import shell_environment

from taxiway import process

pytestmark = pytest.mark.system

README = Path(__file__).parents[2] / "README.md"
BLOCK = re.compile(r"(<!-- (?P<comment>[^>]*) -->\n)?```bash\n(?P<code>.*?)```", re.DOTALL)
ADDRESS = re.compile(r"http://(?:localhost|127\.0\.0\.1):8000")


def tutorial() -> list[str]:
    """Its shell commands, but for those that start the stack: CI starts one by make."""
    blocks = [match for match in BLOCK.finditer(README.read_text())]
    skipped = [match for match in blocks if match["comment"]]
    assert [match["comment"] for match in skipped] == ["starts the stack"]
    assert "taxiway up" in skipped[0]["code"]
    return [match["code"] for match in blocks if match not in skipped]


def test_the_tutorial_of_the_readme_works_as_it_is_written(stack: Any) -> None:
    blocks = tutorial()
    assert len(blocks) >= 8
    marked = [f"echo '--- block {number}'\n{block}" for number, block in enumerate(blocks)]
    script = ADDRESS.sub(stack.server_url, "\n".join(marked))
    assert stack.server_url in script
    done = process.run(
        ["bash", "-euo", "pipefail", "-c", script],
        env=shell_environment(stack.repositories),
        cwd=stack.repositories,
        timeout=280,
    )
    told = done.stdout.decode()
    assert done.returncode == 0, told + done.complaint
    assert re.search(r"^run [0-9a-f-]{36}: success$", told, re.MULTILINE), told
    assert "degree 1: mean error 16.085" in told
    assert '"type":"numpy.ndarray"' in told
    assert re.search(r'\{"task":"report","value":16\.08', told), told
    assert '"number":2,"state":"ready"' in told
    assert "train_model >> report" in told
    assert '"status":4' not in told
    assert '"status":5' not in told
