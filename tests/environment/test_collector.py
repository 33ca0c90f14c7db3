from __future__ import annotations

from dataclasses import replace

import pytest

from taxiway.environment.policy import PackagePolicy
from taxiway.environment.requirements import Requirements, parse
from taxiway.environment.tool import builtin_index
from taxiway.errors import Invalid, Problem

TORCH = "https://torch.example/whl/cpu"
OPEN = PackagePolicy(
    indexes=(TORCH, "https://me:hunter2@private.example/simple"),
    allow_builds=("built",),
    allow_urls=("git.example",),
    find_links=("https://wheels.example/list.html",),
    default_index="https://mirror.example/simple",
)
CLOSED = PackagePolicy()


def take(text: str, policy: PackagePolicy = CLOSED) -> Requirements:
    return parse(text, policy=policy, read=lambda path: None)


def refusal(line: str, policy: PackagePolicy = CLOSED) -> Problem:
    with pytest.raises(Invalid) as caught:
        take(line, policy)
    assert caught.value.code == "requirements-refused"
    (problem,) = caught.value.problems
    assert problem.place == "requirements.txt:1"
    assert problem.hint
    return problem


@pytest.mark.parametrize(
    ("line", "code", "setting"),
    [
        ("--index-url https://evil.example/simple", "requirement-index", "TAXIWAY_INDEXES"),
        ("--extra-index-url=https://evil.example", "requirement-index", "TAXIWAY_INDEXES"),
        ("-i https://evil.example/simple", "requirement-index", "TAXIWAY_INDEXES"),
        ("-i http://[evil", "requirement-index", "TAXIWAY_INDEXES"),
        ("--find-links https://evil.example/", "requirement-index", "TAXIWAY_FIND_LINKS"),
        ("-f ./wheels", "requirement-index", "TAXIWAY_FIND_LINKS"),
        ("a @ git+https://evil.example/a.git", "requirement-url", "TAXIWAY_ALLOW_URLS"),
        ("git+https://evil.example/a.git", "requirement-url", "TAXIWAY_ALLOW_BUILDS"),
        ("a @ git+ssh://git@git.example/a.git", "requirement-url", "TAXIWAY_INDEXES"),
        ("a @ git+file:///srv/a.git", "requirement-url", "TAXIWAY_ALLOW_URLS"),
        ("https://evil.example/a-1-py3-none-any.whl", "requirement-url", "TAXIWAY_ALLOW_URLS"),
        ("-e git+https://evil.example/a.git#egg=a", "requirement-editable", "TAXIWAY_ALLOW_URLS"),
        ("-e ./sub", "requirement-editable", "importable already"),
        ("-e file:///srv/a", "requirement-editable", "importable already"),
        ("./sub", "requirement-local-path", "importable already"),
        ("a @ file:///srv/a.whl", "requirement-local-path", "importable already"),
        ("file:///etc/passwd", "requirement-local-path", "importable already"),
        ("a @ file:///home/conda/feedstock_root/a", "requirement-local-path", "pip list"),
        ("--no-binary numpy", "requirement-build", "TAXIWAY_ALLOW_BUILDS"),
        ("--no-binary :all:", "requirement-build", "TAXIWAY_ALLOW_BUILDS"),
        ("--trusted-host evil.example", "requirement-option", "SSL_CERT_FILE"),
        ("--no-index", "requirement-option", "Taken are"),
        ("--config-settings x=y", "requirement-option", "Taken are"),
        ("a --config-settings=x=y", "requirement-option", "--hash"),
        ("a --hash=md5:00", "requirement-option", "--hash"),
        ("a=1.0", "requirement-syntax", "conda"),
        ("name: env", "requirement-syntax", "A line is"),
    ],
)
def test_a_refused_line_tells_what_would_allow_it(line: str, code: str, setting: str) -> None:
    problem = refusal(line)
    assert problem.code == code
    assert setting in problem.hint


def test_the_default_index_may_be_named() -> None:
    default = builtin_index()
    assert default
    found = take(f"--index-url {default}/\n--extra-index-url {default}\na")
    assert (found.default_index, found.indexes, found.text) == (None, (), "a\n")


def test_the_operators_default_index_may_be_named_and_stands_for_the_usual_one() -> None:
    for url in (OPEN.default_index, builtin_index()):
        found = take(f"-i {url}\na", OPEN)
        assert (found.default_index, found.indexes) == (None, ())


def test_an_index_of_the_settings_is_honoured() -> None:
    assert take(f"--extra-index-url {TORCH}\na", OPEN).indexes == (TORCH,)
    assert take(f"--extra-index-url {TORCH}/\n--extra-index-url {TORCH}", OPEN).indexes == (TORCH,)
    alone = take(f"--index-url {TORCH}\na", OPEN)
    assert (alone.default_index, alone.indexes) == (TORCH, ())


def test_an_index_named_first_stays_ahead_of_the_default() -> None:
    default = OPEN.default_index
    for text in (
        f"-i {TORCH}\n--extra-index-url {default}",
        f"--extra-index-url {default}\n-i {TORCH}",
    ):
        found = take(text, OPEN)
        assert (found.default_index, found.indexes) == (None, (TORCH,))


def test_credentials_of_an_index_stay_with_the_operator() -> None:
    found = take("--extra-index-url https://private.example/simple", OPEN)
    assert found.indexes == ("https://private.example/simple",)
    found = take("--extra-index-url https://you:other@private.example/simple", OPEN)
    assert found.indexes == ("https://private.example/simple",)


def test_secrets_in_a_refused_line_are_not_repeated() -> None:
    for line in (
        "-i https://me:hunter2@evil.example/simple",
        "-f https://me:hunter2@evil.example/simple",
        "a @ https://me:hunter2@git.example/a-1-py3-none-any.whl",
        "-e git+https://me:hunter2@git.example/a.git",
        "a @ file://me:hunter2@host/a",
    ):
        problem = refusal(line, OPEN)
        assert "hunter2" not in problem.message + problem.hint


def test_urls_of_allowed_hosts_are_taken() -> None:
    text = (
        "a @ https://git.example/a-1-py3-none-any.whl\nbuilt @ git+https://git.example/b.git@main\n"
    )
    found = take(text, OPEN)
    assert found.text == text
    assert found.builds == ("built",)


def test_an_allowed_url_is_still_not_built_without_leave() -> None:
    problem = refusal("other @ git+https://git.example/o.git", OPEN)
    assert (problem.code, "TAXIWAY_ALLOW_BUILDS" in problem.hint) == ("requirement-build", True)


def test_an_allowed_url_without_a_name_is_refused() -> None:
    assert "name @ URL" in refusal("git+https://git.example/o.git", OPEN).hint


def test_places_with_wheels_may_be_named_where_the_settings_have_them() -> None:
    found = take("-f https://wheels.example/list.html\na", OPEN)
    assert found.find_links == ("https://wheels.example/list.html",)


def test_the_repository_itself_is_left_out_with_a_note() -> None:
    found = take("-e .\n.\n-e .[dev]\na\n")
    assert found.text == "a\n"
    assert [note.split(":")[1] for note in found.notes] == ["1", "2", "3"]
    assert "importable already" in found.notes[0]
    assert "extras [dev]" in found.notes[2]


def test_options_that_change_nothing_are_noted() -> None:
    found = take("--only-binary :all:\n--require-hashes\n--prefer-binary\na\n")
    assert (found.text, len(found.notes)) == ("a\n", 3)


def test_prereleases_and_allowed_builds_are_taken() -> None:
    found = take("--pre\n--no-binary built\na\n", OPEN)
    assert (found.prerelease, found.builds) == (True, ("built",))
    every = take("--no-binary :all:\na\n", replace(OPEN, allow_builds=("all",)))
    assert (every.builds, len(every.notes)) == ((), 1)
