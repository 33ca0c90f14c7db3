from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from taxiway.environment.statement import (
    Direct,
    Itself,
    Local,
    Named,
    Option,
    Unknown,
    read_requirement,
    read_statement,
)

HASH = "sha256:" + "0a" * 32


@pytest.mark.parametrize(
    ("line", "name"),
    [
        ("requests", "requests"),
        ("Flask_SQLAlchemy", "flask-sqlalchemy"),
        ("zope.interface>=5", "zope-interface"),
        ("a==1.0.*", "a"),
        ("a (>=1,<2)", "a"),
        ("a [b , c-d] ~= 1.4 , != 1.4.2", "a"),
        ("a===1.0+local", "a"),
        ("a==1!2.0.post1", "a"),
        ("""a>1;python_version<"3.12" and (sys_platform == 'linux' or extra == "x/y")""", "a"),
    ],
)
def test_a_requirement_by_name(line: str, name: str) -> None:
    statement = read_requirement(line)
    assert isinstance(statement, Named)
    assert statement.name == name
    assert statement.text == line


@pytest.mark.parametrize(
    ("line", "name", "url"),
    [
        ("a @ https://x.example/a-1.tar.gz", "a", "https://x.example/a-1.tar.gz"),
        ("a[b]@git+https://x.example/a.git@main", "a", "git+https://x.example/a.git@main"),
        ("git+https://x.example/a.git#egg=A_b", "a-b", "git+https://x.example/a.git#egg=A_b"),
        ("git+ssh://git@x.example/a.git", "", "git+ssh://git@x.example/a.git"),
        (
            "https://x.example/w/some_thing-1.0-py3-none-any.whl",
            "some-thing",
            "https://x.example/w/some_thing-1.0-py3-none-any.whl",
        ),
    ],
)
def test_a_requirement_by_url(line: str, name: str, url: str) -> None:
    statement = read_requirement(line)
    assert isinstance(statement, Direct)
    assert (statement.name, statement.url) == (name, url)


def test_the_marker_of_a_url_is_kept() -> None:
    statement = read_requirement("a @ https://x.example/a.whl ; sys_platform == 'linux'")
    assert isinstance(statement, Direct)
    assert statement.text == "a @ https://x.example/a.whl ; sys_platform == 'linux'"
    assert statement.is_wheel


@pytest.mark.parametrize("line", [".", "./", ".[dev]", ". [a,b]"])
def test_the_repository_itself(line: str) -> None:
    assert isinstance(read_requirement(line), Itself)


@pytest.mark.parametrize(
    "line",
    [
        "./sub",
        "../other",
        "/etc/passwd",
        "wheels/a-1-py3-none-any.whl",
        "a-1-py3-none-any.whl",
        "a.tar.gz",
        "file:///etc/passwd",
        "FILE:/etc/passwd",
        "a @ file:///home/conda/feedstock_root/x",
        "a @ ./local",
        "C:\\wheels\\a",
        "~/a",
    ],
)
def test_a_path(line: str) -> None:
    assert isinstance(read_requirement(line), Local)


@pytest.mark.parametrize(
    "line",
    ["a=1.0", "a b", "a=>1", "==1", "a;", "a[b", "a\x00b", "a\u202eb", "ä", "a>", "$a", ".."],
)
def test_what_is_no_requirement(line: str) -> None:
    assert isinstance(read_requirement(line), Unknown)


@pytest.mark.parametrize(
    ("line", "flag", "value"),
    [
        ("-r more.txt", "--requirement", "more.txt"),
        ("-rmore.txt", "--requirement", "more.txt"),
        ("--requirement=more.txt", "--requirement", "more.txt"),
        ("--requirement = 'more.txt'", "--requirement", "more.txt"),
        ("-e .", "--editable", "."),
        ("-i https://x.example/simple", "--index-url", "https://x.example/simple"),
        ("--pre", "--pre", ""),
    ],
)
def test_an_option(line: str, flag: str, value: str) -> None:
    assert read_statement(line)[0] == Option(flag, value)


def test_hashes_stand_apart_and_other_options_too() -> None:
    statement, hashes, others = read_statement(
        f"a==1 --hash={HASH} --hash {HASH} --hash=md5:00 --config-settings=x=y"
    )
    assert statement == Named("a", "a==1")
    assert hashes == (HASH, HASH)
    assert others == ("--hash=md5:00", "--config-settings=x=y")


@settings(deadline=None)
@given(st.text(max_size=200))
def test_any_text_is_some_statement(line: str) -> None:
    statement, _, _ = read_statement(line.strip())
    if isinstance(statement, Named | Direct):
        assert "\n" not in statement.text
        assert statement.text.isprintable()
        assert not statement.text.startswith("-")


def test_a_long_line_is_read_in_no_time() -> None:
    assert isinstance(read_requirement("a" * 1_000_000), Unknown)
    for line in ("a-" * 999, "a[" + "b," * 900, "a==1" + ",==1" * 490 + ",", "a;" + "(" * 1900):
        read_requirement(line)
