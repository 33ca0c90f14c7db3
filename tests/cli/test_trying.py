from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

pytestmark = pytest.mark.integration

SOURCE = """\
import math
def train_model(epochs: int = 1, scale=1):
    print("training", epochs)
    return {"metrics": {"loss": scale / epochs}, "best": math.nan}
"""


def test_a_function_of_the_working_tree_is_run_without_a_server(
    service: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "src").mkdir()
    (tmp_path / "src" / "train.py").write_text(SOURCE)
    (tmp_path / ".git").mkdir()
    monkeypatch.chdir(tmp_path / "src")
    nowhere = {"TAXIWAY_SERVER": "http://127.0.0.1:1"}
    call = ("try", "train.py:train_model", "-p", "epochs=4")
    ended = service.call(*call, "-o", "json", **nowhere)
    assert ended.exit_code == 0, ended.stderr
    found = json.loads(ended.stdout)
    assert found["value"]["metrics"] == {"loss": 0.25}
    assert found["summary"]["metrics"] == {"metrics.loss": 0.25}
    assert "training 4" in ended.stderr
    wrong = service.call("try", "train.py:train_model", "-p", "epoch=4", **nowhere)
    assert wrong.exit_code == 2 and "does not take epoch" in wrong.stderr
    assert service.call("try", "train.py", **nowhere).exit_code == 2
    assert "no file src/gone.py" in service.call("try", "gone.py:f", **nowhere).stderr
    assert not list(tmp_path.rglob("__pycache__"))
