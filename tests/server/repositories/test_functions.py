"""Functions of a repository through the HTTP door: found, searched, remembered."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import pytest

from taxiway.functions.found import FoundFunctions
from taxiway.functions.reading import read_functions
from taxiway.server.repositories.function_schemas import FunctionPage
from taxiway.storage.cache import Cache

pytestmark = pytest.mark.integration


def by_path(page: Any) -> dict[str, Any]:
    return {file["path"]: file for file in page["items"]}


def test_every_function_of_the_tree_is_listed_and_files_that_cannot_be_parsed_say_why(
    reader: Any, known: Any, library: Any
) -> None:
    page = reader.get(f"/{known['id']}/functions", ref="main")
    FunctionPage.model_validate(page)  # what is documented is what is sent
    assert page["commit"] == library.git("rev-parse", "HEAD")
    files = by_path(page)
    assert {path: [f["name"] for f in file["functions"]] for path, file in files.items()} == {
        "links/code.py": [],
        "src/broken.py": [],
        "src/deep/inner.py": ["inner"],
        "src/notes.ipynb": [],
        "src/train.py": ["train_model", "evaluate"],
    }
    assert files["src/train.py"]["id"] == library.git("rev-parse", "HEAD:src/train.py")
    broken = files["src/broken.py"]["problem"]
    assert (broken["code"], broken["line"]) == ("file-not-python", 3)
    assert broken["reason"]
    assert files["src/notes.ipynb"]["problem"]["code"] == "notebook-refused"
    assert ".py" in files["src/notes.ipynb"]["problem"]["hint"]
    assert files["links/code.py"]["problem"]["code"] == "path-is-link"


def test_a_function_is_told_with_all_that_its_text_says(
    reader: Any, known: Any, library: Any
) -> None:
    page = reader.get(f"/{known['id']}/functions", path="src/train.py")
    train, _ = page["items"][0]["functions"]
    assert train["signature"].startswith("train_model(context, epochs: int = 3, mode: Mode")
    assert (train["takes_context"], train["takes_kwargs"], train["returns"]) == (True, True, "dict")
    first, last = train["lines"]
    lines = library.git("show", "HEAD:src/train.py").splitlines()
    assert lines[first - 1].startswith("def train_model(")
    assert lines[last - 1] == "    return {}"
    assert train["doc"]["summary"] == "Train the model."
    epochs = train["parameters"][1]
    assert epochs == {
        "name": "epochs",
        "kind": "positional-or-keyword",
        "annotation": "int",
        "default": "3",
        "has_default": True,
        "is_required": False,
        "description": "How often it sees all data.",
    }
    schema = train["schema"]
    assert "context" not in schema["properties"]
    assert schema["properties"]["epochs"] == {
        "type": "integer",
        "default": 3,
        "description": "How often it sees all data.",
    }
    assert schema["properties"]["kind"] == {"enum": ["a", "b"], "default": "a"}
    assert schema["$defs"]["Mode"]["enum"] == ["fast", "exact"]
    assert schema["$defs"]["Split"]["required"] == ["share"]
    assert schema["additionalProperties"] is True
    assert any(said.startswith("frame: Frame") for said in train["open"])


def test_functions_are_searched_by_name_path_and_summary(reader: Any, known: Any) -> None:
    def names(q: str) -> list[str]:
        page = reader.get(f"/{known['id']}/functions", q=q)
        return [f["name"] for file in page["items"] for f in file["functions"]]

    assert names("TRAIN_m") == ["train_model"]
    assert names("a model") == ["evaluate"]
    assert names("deep/") == ["inner"]
    assert names("nothing at all") == []


def test_a_folder_and_a_page_have_only_their_files(reader: Any, known: Any) -> None:
    inner = reader.get(f"/{known['id']}/functions", path="src/deep")
    assert list(by_path(inner)) == ["src/deep/inner.py"]
    seen: list[str] = []
    cursor = None
    while True:
        query = {"cursor": cursor} if cursor else {}
        page = reader.get(f"/{known['id']}/functions", limit=2, **query)
        assert page["total"] == 5
        seen += by_path(page)
        cursor = page["next_cursor"]
        if cursor is None:
            break
    assert seen == sorted(seen)
    assert len(seen) == 5


def test_a_notebook_and_what_is_no_python_file_are_refused_by_name(reader: Any, known: Any) -> None:
    body = reader.refused(
        f"/{known['id']}/functions", 422, "notebook-refused", path="src/notes.ipynb"
    )
    assert ".py" in body["hint"]
    reader.refused(f"/{known['id']}/functions", 422, "file-not-python", path="README.md")


def test_a_file_is_parsed_once_however_often_and_in_however_many_commits_it_stands(
    reader: Any, new_source: Callable[[], Any], monkeypatch: pytest.MonkeyPatch, tmp_path: Any
) -> None:
    parsed: list[str] = []

    def counting(sources: Mapping[str, bytes]) -> Any:
        parsed.extend(sources)
        return read_functions(sources)

    browser = reader.client.app.state.browser
    monkeypatch.setattr(browser, "found", FoundFunctions(Cache(tmp_path), counting))
    source = new_source()
    first = source.commit({"a.py": "def a(): ...\n", "b.py": "def b(): ...\n"})
    known = reader.register(source.url)
    reader.get(f"/{known['id']}/functions")
    assert sorted(parsed) == ["a.py", "b.py"]
    source.git("mv", "b.py", "moved.py")
    source.commit({"a.py": "def a(x): ...\n"})
    second = reader.get(f"/{known['id']}/functions")
    assert parsed[2:] == ["a.py"], "the file that moved is known by its content"
    assert [f["functions"][0]["path"] for f in second["items"]] == ["a.py", "moved.py"]
    reader.get(f"/{known['id']}/functions", commit=first)
    assert len(parsed) == 3
    monkeypatch.setattr(browser, "found", FoundFunctions(Cache(tmp_path), counting))
    reader.get(f"/{known['id']}/functions")
    assert len(parsed) == 3, "another process finds it in the cache"
