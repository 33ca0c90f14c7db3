from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from taxiway.functions.found import FoundFunctions
from taxiway.functions.model import FileFunctions
from taxiway.functions.parse import functions_of
from taxiway.git.trees import FILE, TreeEntry, object_id
from taxiway.release.catalogue import SourceCatalogue
from taxiway.release.imports import files_of, reachable
from taxiway.release.tree import Tree
from taxiway.storage.cache import Cache
from taxiway.workflow.models import Task, Workflow

FILES = {
    "jobs/train.py": "import helper\nfrom lib.models import forest\nimport numpy, json\n",
    "jobs/helper.py": "from . import missing\ndef f():\n    import late\n",
    "late.py": "import jobs.train\n",
    "src/lib/__init__.py": "from .base import x\n",
    "src/lib/base.py": "from ..outside import y\n",
    "src/lib/models/__init__.py": "",
    "src/lib/models/forest.py": "from lib import utils\nfrom ..deep.er import thing\n",
    "src/lib/utils.py": "def f(:\n",
    "src/lib/deep/er.py": "",
    "src/lib/unused.py": "import jobs.other\n",
    "jobs/other.py": "",
    "json.csv": "",
    "requirements.txt": "numpy",
}


def test_what_tasks_can_import_is_found_through_all_roots(tmp_path: Path) -> None:
    def parse(sources: Mapping[str, bytes]) -> dict[str, FileFunctions]:
        return {path: functions_of(source, path) for path, source in sources.items()}

    entries = {
        path: TreeEntry(path, FILE, object_id(b"blob", text.encode()), len(text))
        for path, text in FILES.items()
    }
    task = Task("train", script_path="jobs/train.py", function_name="f")
    gone = Task("gone", script_path="jobs/gone.py", function_name="f")
    workflow = Workflow("w", "w", tasks=(task, gone, Task("in", python_callable="def f(): ...")))
    tree = Tree(entries)
    found = FoundFunctions(Cache(tmp_path), parse)
    catalogue = SourceCatalogue(workflow, tree, lambda path: FILES[path].encode(), found)
    assert reachable(workflow, tree, catalogue) == FILES.keys() - {
        *("src/lib/unused.py", "jobs/other.py", "json.csv", "requirements.txt"),
    }


def test_a_module_is_the_first_that_the_import_path_has() -> None:
    files = {"a/x.py", "src/x.py", "x/__init__.py", "x.py", "x/y.py"}
    assert list(files_of("x", "a/run.py", ("a", "src", ""), files)) == ["a/x.py"]
    assert list(files_of("x", "b/run.py", ("b", "src", ""), files)) == ["src/x.py"]
    assert list(files_of("x.y", "run.py", ("",), files)) == ["x/__init__.py", "x/y.py"]
    assert list(files_of("x", "run.py", ("",), files)) == ["x/__init__.py"]
    assert list(files_of("..x", "a/run.py", (), files)) == ["x/__init__.py"]
    assert list(files_of("...x", "a/run.py", (), files)) == []
