"""The documentation and the source say the same."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import typer.main

from taxiway import process
from taxiway.cli.main import app
from taxiway.errors import TaxiwayError
from taxiway.server.app import ROUTERS
from taxiway.server.settings import Settings
from taxiway.server.tasks.schemas import TaskCreate
from taxiway.server.workflows.schemas import WorkflowCreate

ROOT = Path(__file__).parents[2]
SOURCE = ROOT / "src" / "taxiway"
REFERENCE = ROOT / "docs" / "reference"
VARIABLE = re.compile(r"\bTAXIWAY_[A-Z]+(?:_[A-Z]+)*\b")
CODE = re.compile(r"[a-z][a-z0-9]*(?:-[a-z0-9]+)+")
RAISES = {kind.__name__ for kind in (TaxiwayError, *TaxiwayError.__subclasses__())} | {
    *("Problem", "Refused", "_refuse", "_over", "_body", "fault"),
    *("Finding", "_finding", "_at_script", "_excess"),
}


def tracked(suffix: str = "") -> list[Path]:
    argv = ["git", "-c", "safe.directory=*", "ls-files", "-z"]
    done = process.run(argv, env={"PATH": "/usr/bin:/bin"}, cwd=ROOT, timeout=30)
    assert done.returncode == 0, done.complaint
    names = done.stdout.decode().split("\0")
    return [ROOT / name for name in names if name.endswith(suffix) and (ROOT / name).is_file()]


def documents() -> list[Path]:
    return [path for path in tracked(".md") if "examples" not in path.parts]


each_document = pytest.mark.parametrize(
    "path", documents(), ids=lambda path: str(path.relative_to(ROOT))
)


def prose(path: Path) -> str:
    """Without code, and without the targets of links."""
    text = re.sub(r"^```.*?^```", "", path.read_text(), flags=re.DOTALL | re.MULTILINE)
    text = re.sub(r"`[^`\n]*`", "", text)
    return re.sub(r"\]\([^)]*\)|https?://\S+", "]", text)


@cache
def source() -> str:
    return "\n".join(path.read_text() for path in sorted(SOURCE.rglob("*.py")))


def codes_of(tree: ast.AST) -> Iterator[str]:
    """Literals that stand where an error's code stands."""
    for node in ast.walk(tree):
        places: list[Any] = []
        if isinstance(node, ast.Call) and _name(node.func) in RAISES:
            places = node.args[:3] + [k.value for k in node.keywords if k.arg == "code"]
        elif isinstance(node, ast.Assign) and "code" in {_name(t) for t in _flat(node.targets)}:
            places = _flat([node.value])
        elif isinstance(node, ast.FunctionDef) and node.name == "_code_of":
            places = [inner.value for inner in ast.walk(node) if isinstance(inner, ast.Return)]
        elif isinstance(node, ast.Dict):
            pairs = zip(node.keys, node.values, strict=True)
            places = [v for k, v in pairs if isinstance(k, ast.Constant) and k.value == "code"]
        for place in places:
            if isinstance(place, ast.Constant) and CODE.fullmatch(str(place.value)):
                yield str(place.value)


def _name(node: ast.AST) -> str:
    return getattr(node, "id", getattr(node, "attr", ""))


def _flat(nodes: list[Any]) -> list[Any]:
    return [inner for node in nodes for inner in (getattr(node, "elts", None) or [node])]


def documented_codes() -> set[str]:
    return set(re.findall(r"^\| `([^`]+)` \|", (REFERENCE / "errors.md").read_text(), re.MULTILINE))


def test_every_error_code_of_the_source_is_in_the_reference() -> None:
    raised = {
        code
        for path in SOURCE.rglob("*.py")
        for code in codes_of(ast.parse(path.read_text(), str(path)))
    }
    assert len(raised) > 100
    assert raised - documented_codes() == set()


def test_the_reference_has_no_error_code_that_the_source_lacks() -> None:
    assert [code for code in documented_codes() if f'"{code}"' not in source()] == []


def test_every_setting_is_in_the_reference() -> None:
    text = (REFERENCE / "settings.md").read_text()
    for name in Settings.model_fields:
        assert f"| `{name}` | `TAXIWAY_{name.upper()}` |" in text, name


def test_every_variable_of_the_source_is_in_the_reference() -> None:
    written = set(VARIABLE.findall((REFERENCE / "settings.md").read_text()))
    assert set(VARIABLE.findall(source())) - written == set()


@each_document
def test_a_document_names_only_variables_that_exist(path: Path) -> None:
    known = {f"TAXIWAY_{name.upper()}" for name in Settings.model_fields}
    known |= set(VARIABLE.findall(source()))
    assert set(VARIABLE.findall(path.read_text())) - known == set()


def commands() -> Iterator[tuple[str, list[str]]]:
    """Each command with its options, as they are typed."""
    root: Any = typer.main.get_command(app)
    pending = [("taxiway", root)]
    while pending:
        name, command = pending.pop()
        if hasattr(command, "list_commands"):
            with command.make_context(name, [], resilient_parsing=True) as context:
                names = command.list_commands(context)
                pending += [(f"{name} {n}", command.get_command(context, n)) for n in names]
        else:
            options = [p.opts[0] for p in command.params if p.param_type_name == "option"]
            yield name, [option for option in options if option != "--help"]


def test_every_command_and_option_is_in_the_reference() -> None:
    sections = re.split(r"^## ", (REFERENCE / "cli.md").read_text(), flags=re.MULTILINE)
    found = dict(section.split("\n", 1) for section in sections[1:])
    table = dict(commands())
    assert {name for name in found if name.startswith("taxiway")} == set(table)
    for name, options in table.items():
        assert [option for option in options if f"`{option}" not in found[name]] == []


def route_key(method: str, path: str) -> str:
    plain = re.sub(r"\{[^}]*\}", "{}", path.removeprefix("/api/v1"))
    return f"{method} {plain.rstrip('/')}"


def test_every_route_is_in_the_reference_and_no_other() -> None:
    written = re.findall(
        r"`(GET|POST|PATCH|PUT|DELETE) ([^` ]+)`", (REFERENCE / "api.md").read_text()
    )
    routes: list[Any] = [route for router in ROUTERS for route in router.routes]
    real = {route_key(method, route.path) for route in routes for method in route.methods}
    assert {route_key(*pair) for pair in written} == real


def test_every_field_of_a_workflow_and_a_task_is_in_the_reference() -> None:
    text = (REFERENCE / "api.md").read_text()
    fields = {*WorkflowCreate.model_fields, *TaskCreate.model_fields}
    assert [name for name in fields if f"`{name}`" not in text] == []


@each_document
def test_links_inside_the_repository_lead_somewhere(path: Path) -> None:
    for target in re.findall(r"\]\(([^)\s]+)\)", path.read_text()):
        if "://" in target or target.startswith("mailto:"):
            continue
        file, _, anchor = target.partition("#")
        aim = (path.parent / file).resolve() if file else path
        assert aim.exists(), f"{path.name} links to {target}"
        if anchor:
            headings = re.findall(r"^#+ (.+)$", aim.read_text(), re.MULTILINE)
            slugs = {re.sub(r"[^\w\- ]", "", h.lower()).replace(" ", "-") for h in headings}
            assert anchor in slugs, f"{path.name} links to {target}"


@each_document
def test_files_that_a_document_names_exist(path: Path) -> None:
    ours = {"tests", "src", "docs", *(entry.name for entry in SOURCE.iterdir())}
    for name in re.findall(r"`(\w+/[\w/]*(?:/|\.py))`", path.read_text()):
        if name.split("/")[0] in ours:
            assert (ROOT / name).exists() or (SOURCE / name).exists(), name


@each_document
def test_documents_use_the_words_of_the_glossary(path: Path) -> None:
    if path.name == "glossary.md":
        return
    unused = re.findall(r"(?i)\b(?:job|flow|pipeline|project|checkout)s?\b", prose(path))
    assert unused == []


@pytest.mark.parametrize(
    "path", sorted((ROOT / "docs" / "decisions").glob("0*.md")), ids=lambda path: path.stem[:4]
)
def test_a_decision_has_the_form_of_one(path: Path) -> None:
    headings = re.findall(r"^##? (.+)$", path.read_text(), re.MULTILINE)
    assert headings[1:] == [
        *("Context", "Decision", "Consequences", "A change violates this decision when"),
    ]
    assert re.search(r"^Enforced by: .+\.$", path.read_text(), re.MULTILINE)
    assert (
        f"[{path.name[:4]}]({path.name}) {headings[0]}" in (path.parent / "README.md").read_text()
    )


def test_the_changelog_has_a_part_for_what_comes_next() -> None:
    assert "\n## Unreleased\n" in (ROOT / "CHANGELOG.md").read_text()


def test_no_file_names_a_package_registry_or_a_path_of_a_machine() -> None:
    # written so that this file is none of them
    hosts = ("pypi" + ".org", "python" + "hosted.org", "npmjs" + ".org", "npmjs" + ".com")
    mirrors = ("deb." + "debian.org", "archive." + "ubuntu.com", "crates" + ".io")
    paths = re.compile(r"(?<![\w.\-})/~$])/(?:" + "wor" + r"k|roo" + r"t)/\w")
    guilty = []
    for path in tracked():
        try:
            text = path.read_text("utf-8")
        except UnicodeDecodeError:
            continue
        if any(host in text for host in (*hosts, *mirrors)) or paths.search(text):
            guilty.append(str(path.relative_to(ROOT)))
    assert guilty == []
