"""Which file of a repository decides over packages and Python, and what is said of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from taxiway.environment import declared as module
from taxiway.environment import python
from taxiway.environment.declared import Declared, declared
from taxiway.environment.policy import PackagePolicy
from taxiway.environment.python import Interpreter
from taxiway.errors import Invalid
from taxiway.storage.cache import Cache

PROJECT = """
[project]
name = "Demo"
version = "1"
requires-python = ">=3.11"
dependencies = ["alpha>=1", "demo[plot]"]
[project.optional-dependencies]
plot = ["beta"]
[dependency-groups]
ml = ["gamma==2", {include-group = "base"}]
base = ["delta"]
"""
LOCK = """
version = 1
requires-python = ">=3.11"
[[package]]
name = "alpha"
version = "1.0"
source = { registry = "https://index.example/simple" }
[[package]]
name = "demo"
version = "1"
source = { virtual = "." }
[package.metadata]
requires-dist = [{ name = "alpha", specifier = ">=1" }, { name = "beta", marker = "extra == 'plot'" }]
[package.metadata.requires-dev]
ml = [{ name = "gamma", specifier = "==2" }, { name = "delta" }]
base = [{ name = "delta" }]
"""
HERE = (
    Interpreter(Path("/p/3.11"), "3.11", "x", "3.11.7"),
    Interpreter(Path("/p/3.13"), "3.13", "x", "3.13.1"),
    Interpreter(Path("/p/3.12"), "3.12", "x", "3.12.4"),
)


@pytest.fixture(autouse=True)
def pythons(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(python, "available", lambda downloaded=None: list(HERE))
    monkeypatch.setattr(python, "current", lambda: HERE[0])


def read_all(
    files: dict[str, str],
    scripts: Sequence[tuple[str, str | None]] = (("train", "src/train.py"),),
    *,
    fallback: str | None = None,
    groups: Sequence[str] = (),
    policy: PackagePolicy | None = None,
) -> list[Declared]:
    return declared(
        lambda path: files[path].encode() if path in files else None,
        scripts,
        fallback=fallback,
        groups=groups,
        policy=policy or PackagePolicy(default_index="https://index.example/simple"),
    )


def read_one(files: dict[str, str], **more: object) -> Declared:
    [found] = read_all(files, **more)  # type: ignore[arg-type]
    return found


def refusal(files: dict[str, str], **more: object) -> Invalid:
    with pytest.raises(Invalid) as caught:
        read_all(files, **more)  # type: ignore[arg-type]
    return caught.value


def test_the_file_nearest_to_the_script_wins_and_that_is_said() -> None:
    files = {
        "requirements.txt": "alpha\n",
        "services/train/requirements.txt": "-r ../../base.txt\n-c pins.txt\nbeta\n",
        "services/train/pins.txt": "beta<2\n",
        "base.txt": "gamma\n",
    }
    found = read_one(files, scripts=[("train", "services/train/jobs/train.py")])
    assert found.source == "services/train/requirements.txt"
    assert found.requirements.text == "gamma\nbeta\n"
    assert found.requirements.constraints == "beta<2\n"
    assert found.notes == ("Packages: services/train/requirements.txt of the repository is used.",)
    assert read_one(files).source == "requirements.txt"


def test_in_one_folder_requirements_come_before_a_project_and_a_lock_before_its_project() -> None:
    everything = {"requirements.txt": "alpha\n", "pyproject.toml": PROJECT, "uv.lock": LOCK}
    found = read_one(everything)
    assert found.source == "requirements.txt"
    assert "pyproject.toml and uv.lock beside it are not read." in found.notes
    del everything["requirements.txt"]
    assert read_one(everything).source == "uv.lock"
    del everything["uv.lock"]
    assert read_one(everything).source == "pyproject.toml"


def test_a_project_gives_its_dependencies_and_the_groups_that_were_named() -> None:
    assert read_one({"pyproject.toml": PROJECT}).requirements.text == "alpha>=1\nbeta\n"
    found = read_one({"pyproject.toml": PROJECT}, groups=["ml"])
    assert found.requirements.text == "alpha>=1\nbeta\ngamma==2\ndelta\n"
    assert found.groups == ("ml",)
    error = refusal({"pyproject.toml": PROJECT}, groups=["mll"])
    assert error.code == "dependency-group-unknown" and "base, ml, plot" in error.hint


def test_a_project_file_that_only_sets_tools_declares_nothing() -> None:
    found = read_one({"src/pyproject.toml": "[tool.ruff]\n", "requirements.txt": "alpha\n"})
    assert found.source == "requirements.txt"


def test_what_a_project_may_not_say_is_refused_at_its_line() -> None:
    text = '[project]\nname = "x"\ndynamic = ["dependencies"]\n'
    text += (
        '[dependency-groups]\nml = [\n  "a @ https://evil.example/a.whl",\n  "../b",\n  "own",\n]\n'
    )
    text += '[tool.uv.sources]\nown = { path = "libs/own" }\n'
    text += '[[tool.uv.index]]\nurl = "https://private.example/simple"\n'
    error = refusal({"pyproject.toml": text}, groups=["ml"])
    found = {(problem.code, problem.place) for problem in error.problems}
    assert found == {
        ("requirement-dynamic", "pyproject.toml:3"),
        ("requirement-url", "pyproject.toml:6"),
        ("requirement-local-path", "pyproject.toml:7"),
        ("requirement-local-path", "pyproject.toml:8"),
        ("requirement-index", "pyproject.toml:13"),
    }


def test_a_private_index_of_a_project_is_taken_where_the_settings_have_it() -> None:
    text = '[project]\nname = "x"\ndependencies = ["own"]\n'
    text += '[tool.uv.sources]\nown = { index = "ours" }\n'
    text += '[[tool.uv.index]]\nname = "ours"\nurl = "https://private.example/simple"\n'
    policy = PackagePolicy(indexes=("https://u:secret@private.example/simple",))
    found = read_one({"pyproject.toml": text}, policy=policy)
    assert found.requirements.indexes == ("https://private.example/simple",)
    assert "secret" not in repr(found)


def test_a_source_in_git_is_what_is_asked_for() -> None:
    text = '[project]\nname = "x"\ndependencies = ["own>=1"]\n'
    text += '[tool.uv.sources]\nown = { git = "https://git.example/own", rev = "abc" }\n'
    policy = PackagePolicy(allow_urls=("git.example",), allow_builds=("own",))
    found = read_one({"pyproject.toml": text}, policy=policy)
    assert found.requirements.text == "own @ git+https://git.example/own@abc\n"
    assert refusal({"pyproject.toml": text}).problems[0].code == "requirement-url"


@pytest.mark.parametrize(
    ("lock", "said"),
    [
        (LOCK.replace('{ name = "alpha", specifier = ">=1" }, ', ""), "alpha"),
        (LOCK.replace('name = "demo"', 'name = "other"'), "does not hold demo"),
        ("not [toml", "no TOML"),
    ],
)
def test_a_lock_that_is_older_than_its_project_is_refused(lock: str, said: str) -> None:
    error = refusal({"pyproject.toml": PROJECT, "uv.lock": lock})
    assert error.code == "lock-outdated" and said in error.message
    assert "uv lock" in error.hint


def test_an_index_in_a_lock_has_to_be_one_of_the_settings() -> None:
    lock = LOCK.replace("https://index.example/simple", "https://private.example/simple")
    error = refusal({"pyproject.toml": PROJECT, "uv.lock": lock})
    assert [problem.code for problem in error.problems] == ["requirement-index"]


def test_without_a_file_the_workflows_own_requirements_are_taken() -> None:
    found = read_one({}, fallback="alpha\n")
    assert (found.source, found.requirements.text) == ("requirements", "alpha\n")
    assert read_one({}).source == ""


def test_tasks_whose_nearest_files_differ_have_environments_of_their_own() -> None:
    files = {"a/requirements.txt": "alpha\n", "b/requirements.txt": "beta\n"}
    scripts = [("one", "a/x.py"), ("two", "b/y.py"), ("three", "a/z.py"), ("inline", None)]
    first, second = read_all(files, scripts)
    assert (first.source, first.tasks) == ("a/requirements.txt", ("one", "three", "inline"))
    assert (second.source, second.tasks) == ("b/requirements.txt", ("two",))


def test_a_version_file_chooses_among_the_interpreters_that_are_there() -> None:
    files = {".python-version": "3.13\n", "src/.python-version": "3.12.9\n"}
    found = read_one(files)
    assert (found.python, found.python_source) == ("3.12", "src/.python-version")
    assert "Python 3.12.4: src/.python-version asks for 3.12.9." in found.notes


@pytest.mark.parametrize(
    ("wanted", "python"), [(">=3.11", "3.11"), ("!=3.11.*,<3.13", "3.12"), (">=3.12", "3.13")]
)
def test_a_project_chooses_among_them_too(wanted: str, python: str) -> None:
    text = PROJECT.replace(">=3.11", wanted)
    found = read_one({"pyproject.toml": text})
    assert (found.python, found.python_source) == (python, "pyproject.toml")


@pytest.mark.parametrize(
    "files",
    [{".python-version": "3.14\n"}, {"pyproject.toml": PROJECT.replace(">=3.11", ">=3.14")}],
)
def test_a_python_that_is_not_there_is_told_with_its_remedies(files: dict[str, str]) -> None:
    error = refusal(files)
    assert error.code == "python-not-found"
    assert "3.14" in error.message and "3.11.7, 3.12.4, 3.13.1" in error.message
    assert "TAXIWAY_PYTHON_DOWNLOADS" in error.hint
    allowed = PackagePolicy(python_downloads=True)
    assert read_one(files, policy=allowed).python == "3.14"


def test_the_input_changes_with_what_is_asked_for_and_with_nothing_else() -> None:
    one = read_one({"requirements.txt": "alpha\n"})
    assert one.input == read_one({"requirements.txt": "# note\nalpha  # here\n", "a.py": "x"}).input
    others = [
        read_one({"requirements.txt": "alpha<2\n"}),
        read_one({"requirements.txt": "alpha\n-c c.txt\n", "c.txt": "beta<2\n"}),
        read_one({"requirements.txt": "alpha\n", ".python-version": "3.12"}),
        replace(one, requirements=replace(one.requirements, prerelease=True)),
    ]
    assert len({one.input, *(other.input for other in others)}) == len(others) + 1


def test_every_problem_of_every_file_is_told_at_once() -> None:
    files = {"a/requirements.txt": "--bad\n", "b/requirements.txt": "= oops\n"}
    error = refusal(files, scripts=[("one", "a/x.py"), ("two", "b/y.py")])
    assert {problem.place for problem in error.problems} == {
        "a/requirements.txt:1",
        "b/requirements.txt:1",
    }
    assert module.INPUT_FORMAT == 1


SCRIPT = """\"\"\"Train.\"\"\"
# /// script
# requires-python = ">=3.12"
# dependencies = [
#   "alpha>=1",
#   "beta",
# ]
# ///

def train(context): ...
"""


def test_a_script_that_declares_its_own_packages_is_nearest_to_itself() -> None:
    files = {"src/train.py": SCRIPT, "src/eval.py": "import x\n", "requirements.txt": "gamma\n"}
    files[".python-version"] = "3.11\n"
    scripts = [("train", "src/train.py"), ("eval", "src/eval.py"), ("inline", None)]
    found = {one.source: one for one in read_all(files, scripts)}
    train, rest = found["src/train.py"], found["requirements.txt"]
    assert (train.requirements.text, train.tasks) == ("alpha>=1\nbeta\n", ("train", "inline"))
    assert (train.python, train.python_source) == ("3.13", "src/train.py")
    assert "Packages: src/train.py of the repository is used." in train.notes
    assert (rest.requirements.text, rest.tasks, rest.python) == ("gamma\n", ("eval",), "3.11")
    files["src/train.py"] = SCRIPT.replace("requires-python", "requires_python")
    files["uv.lock"] = LOCK
    assert read_all(files, scripts)[0].python == "3.11"
    files["src/train.py"] = SCRIPT.replace("dependencies", "needs")
    assert [one.source for one in read_all(files, scripts)] == ["requirements.txt"]


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (("beta", "-e ."), "src/train.py:6"),
        (('"beta"', "3"), "list of texts"),
        (('"beta"', "beta"), "no TOML"),
        (("# ///\n", f"# ///\n{SCRIPT}"), "several"),
    ],
)
def test_a_block_that_cannot_be_taken_is_refused(change: tuple[str, str], said: str) -> None:
    error = refusal({"src/train.py": SCRIPT.replace(*change)})
    assert error.code == "requirements-refused"
    assert said in " ".join(f"{one.message} {one.place}" for one in error.problems)


PYLOCK = """
lock-version = "1.0"
created-by = "uv"
requires-python = ">=3.12"
[[packages]]
name = "alpha"
version = "1.0"
marker = "sys_platform != 'win32'"
index = "https://index.example/simple"
sdist = { url = "https://files.example/a.tar.gz", hashes = { sha256 = "A" } }
wheels = [{ url = "https://files.example/a.whl", hashes = { sha256 = "B" } }]
[[packages]]
name = "old"
version = "0.1"
marker = "python_version < '3.10'"
wheels = [{ url = "https://files.example/o.whl", hashes = { sha256 = "B" } }]
""".replace('"A"', f'"{"a" * 64}"').replace('"B"', f'"{"b" * 64}"')


def test_a_pylock_is_taken_as_it_is(tmp_path: Path) -> None:
    files = {"pylock.toml": PYLOCK, "pyproject.toml": PROJECT, "uv.lock": LOCK}
    found = read_one(files)
    assert (found.source, found.python) == ("pylock.toml", "3.13")
    assert "uv.lock beside it is not read." in found.notes
    assert found.locked
    policy = PackagePolicy()
    lock = found.locked.lock(HERE[1], policy, Cache(tmp_path))
    [alpha] = lock.packages
    assert (alpha.name, alpha.source, alpha.marker) == ("alpha", "1.0", "sys_platform != 'win32'")
    assert alpha.hashes == (f"sha256:{'a' * 64}", f"sha256:{'b' * 64}")
    assert (lock.python, lock.platform) == ("3.13", None)
    narrow = PYLOCK.replace("created-by", "environments = [\"os_name == 'posix'\"]\ncreated-by")
    other = read_one({"pylock.toml": narrow})
    assert other.locked and other.locked.lock(HERE[1], policy, Cache(tmp_path)).platform == "x"
    assert other.input != found.input
    assert read_one({**files, "requirements.txt": "beta"}).source == "requirements.txt"


@pytest.mark.parametrize(
    ("change", "code", "said"),
    [
        (("index.example", "evil.example"), "requirement-index", "evil.example"),
        (
            ('"alpha"\nversion = "1.0"\n', '"alpha"\ndirectory = { path = "lib" }\n'),
            "requirement-local-path",
            "alpha",
        ),
        (("sys_platform != 'win32'", "'dev' in dependency_groups"), "requirement-syntax", "groups"),
        (('lock-version = "1.0"', 'lock-version = "2.0"'), "requirement-syntax", "2.0"),
        (("[[packages]]", "[[pack"), "requirement-syntax", "TOML"),
        (('"1.0"\nmarker', '"1.0 --no-index"\nmarker'), "requirement-option", "--no-index"),
    ],
)
def test_a_pylock_that_cannot_be_taken_is_refused(
    change: tuple[str, str], code: str, said: str
) -> None:
    [problem] = refusal({"pylock.toml": PYLOCK.replace(*change)}).problems
    assert problem.code == code and said in problem.message


def test_the_lock_of_the_workspace_above_is_its_members() -> None:
    files = {
        "pyproject.toml": '[tool.uv.workspace]\nmembers = ["packages/*"]\nexclude = ["packages/x"]\n',
        "packages/demo/pyproject.toml": PROJECT,
        "packages/x/pyproject.toml": PROJECT,
        "uv.lock": LOCK.replace('virtual = "."', 'editable = "packages/demo"'),
    }
    found = read_one(files, scripts=[("train", "packages/demo/src/train.py")])
    assert found.source == "uv.lock" and found.locked
    assert "Packages: uv.lock of the repository is used." in found.notes
    outside = read_one(files, scripts=[("train", "packages/x/train.py")])
    assert outside.source == "packages/x/pyproject.toml"
    files["uv.lock"] = LOCK
    error = refusal(files, scripts=[("train", "packages/demo/train.py")])
    assert error.code == "lock-outdated"
