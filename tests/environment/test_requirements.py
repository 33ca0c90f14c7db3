from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from taxiway.environment.policy import PackagePolicy
from taxiway.environment.requirements import Requirements, of_repository, parse
from taxiway.errors import Invalid

CLOSED = PackagePolicy()
HASH = "sha256:" + "0a" * 32


def repository(**files: str | bytes) -> Requirements:
    return of_repository(reader(files), fallback=None, policy=CLOSED)


def reader(files: dict[str, str | bytes]):  # type: ignore[no-untyped-def]
    def read(path: str) -> bytes | None:
        found = files.get(path)
        return found.encode() if isinstance(found, str) else found

    return read


def refused(files: dict[str, str | bytes], fallback: str | None = None) -> Invalid:
    with pytest.raises(Invalid) as caught:
        of_repository(reader(files), fallback=fallback, policy=CLOSED)
    assert caught.value.code == "requirements-refused"
    return caught.value


def test_all_that_is_wrong_is_told_at_once_and_by_line() -> None:
    text = "alpha\n-e ./x\n# fine\nbeta==1 \\\n  --hash=bad\n-i https://evil.example\ngamma\n"
    error = refused({"requirements.txt": text})
    assert [problem.place for problem in error.problems] == [
        "requirements.txt:2",
        "requirements.txt:4",
        "requirements.txt:6",
    ]
    assert error.message == "requirements.txt: 3 lines are refused"
    assert "requirements.txt:2: -e ./x is not installed" in str(error)


def test_files_of_the_tree_are_followed() -> None:
    found = of_repository(
        reader(
            {
                "requirements.txt": "-r requirements/base.txt\n-c requirements/pins.txt\nalpha\n",
                "requirements/base.txt": "-r more.txt\nbeta\n",
                "requirements/more.txt": "gamma\n-r ../requirements.txt\n-r ./base.txt\n",
                "requirements/pins.txt": "beta<2\n-r more-pins.txt\n",
                "requirements/more-pins.txt": "gamma<3\n",
            }
        ),
        fallback=None,
        policy=CLOSED,
    )
    assert found.text == "gamma\nbeta\nalpha\n"
    assert found.constraints == "beta<2\ngamma<3\n"


def test_a_problem_in_an_included_file_has_its_place() -> None:
    error = refused({"requirements.txt": "-r a/b.txt\n", "a/b.txt": "\n\n/etc\n"})
    assert error.problems[0].place == "a/b.txt:3"


@pytest.mark.parametrize(
    "target",
    [
        "/etc/passwd",
        "../secret.txt",
        "a/../../secret.txt",
        "https://evil.example/r.txt",
        "file:///etc/passwd",
        "..",
        "a\\b.txt",
        "missing.txt",
        "",
    ],
)
@pytest.mark.parametrize("flag", ["-r", "-c", "--requirement="])
def test_files_outside_the_tree_are_never_asked_for(flag: str, target: str) -> None:
    asked = []

    def read(path: str) -> bytes | None:
        asked.append(path)
        return None

    with pytest.raises(Invalid) as caught:
        parse(f"{flag} {target}\n", policy=CLOSED, read=read)
    assert caught.value.problems[0].code == "requirement-include"
    assert asked in ([], ["missing.txt"])


def test_an_included_file_that_cannot_be_read_is_a_problem_of_its_line() -> None:
    def read(path: str) -> bytes | None:
        raise Invalid("path-is-link", f"{path} is a link", hint="Make it a file.")

    with pytest.raises(Invalid) as caught:
        parse("alpha\n-r link.txt\n", policy=CLOSED, read=read)
    (problem,) = caught.value.problems
    assert (problem.place, problem.message) == ("requirements.txt:2", "link.txt is a link")


def test_variables_are_refused_wherever_they_stand() -> None:
    text = "a @ https://x.example/${HOME}\n-i https://${TOKEN}@x.example\n-r ${FILE}\na==${V}\n"
    error = refused({"requirements.txt": text})
    assert [problem.code for problem in error.problems] == ["requirement-variable"] * 4


def test_a_file_of_another_encoding_is_refused_by_name() -> None:
    assert refused({"requirements.txt": b"alpha \xff"}).problems[0].code == "requirement-encoding"
    error = refused({"requirements.txt": "-r b.txt", "b.txt": b"\xff"})
    assert error.problems[0].place == "requirements.txt:1"


def test_a_file_from_powershell_is_read() -> None:
    assert repository(**{"requirements.txt": "alpha==1\r\n".encode("utf-16")}).text == "alpha==1\n"
    assert repository(**{"requirements.txt": "\ufeffalpha==1\n"}).text == "alpha==1\n"


def test_the_repository_goes_before_the_workflow() -> None:
    found = of_repository(reader({"requirements.txt": "alpha\n"}), fallback="beta\n", policy=CLOSED)
    assert found.text == "alpha\n"
    assert "the requirements of the workflow are not" in found.notes[0]


def test_the_workflow_stands_in_where_the_repository_has_none() -> None:
    found = of_repository(reader({}), fallback="beta\n", policy=CLOSED)
    assert (found.text, found.notes) == ("beta\n", ())
    assert refused({}, fallback="\n/etc\n").problems[0].place == "requirements:2"


def test_nothing_required_is_nothing_to_say() -> None:
    assert of_repository(reader({}), fallback=None, policy=CLOSED) == Requirements()
    assert repository(**{"requirements.txt": "", "pyproject.toml": ""}) == Requirements()


@pytest.mark.parametrize("name", ["pyproject.toml", "environment.yml", "environment.yaml"])
def test_a_repository_that_tells_its_packages_elsewhere_gets_a_note(name: str) -> None:
    (note,) = repository(**{name: "…"}).notes
    assert name in note
    assert "Only requirements.txt is read" in note
    assert "The environment has no packages" in note
    found = of_repository(reader({name: "…"}), fallback="beta", policy=CLOSED)
    assert "requirements of the workflow are used" in found.notes[0]
    assert found.text == "beta\n"


NAMES = st.from_regex(r"[A-Za-z][A-Za-z0-9]{0,8}([._-][A-Za-z0-9]{1,4})?", fullmatch=True)
VERSIONS = st.from_regex(r"[0-9]{1,3}(\.[0-9]{1,3}){0,2}((a|rc|\.post)[0-9])?", fullmatch=True)
CLAUSES = st.lists(
    st.tuples(st.sampled_from(["==", ">=", "<", "~=", "!="]), VERSIONS).map("".join), max_size=3
).map(",".join)
EXTRAS = st.lists(NAMES, max_size=2).map(lambda names: f"[{','.join(names)}]" if names else "")
MARKERS = st.sampled_from(["", " ; python_version >= '3.11'", ' ; sys_platform == "linux"'])
REQUIREMENTS = (
    st.tuples(NAMES, EXTRAS, CLAUSES, MARKERS)
    .map("".join)
    .filter(lambda text: not text.lower().endswith((".whl", ".zip", ".egg")))
)


@settings(max_examples=50, deadline=None)
@given(st.lists(st.tuples(REQUIREMENTS, st.booleans(), st.booleans(), st.booleans()), max_size=6))
def test_requirements_survive_whatever_stands_around_them(
    rows: list[tuple[str, bool, bool, bool]],
) -> None:
    lines, expected = [], []
    for text, commented, continued, hashed in rows:
        line = f"  {text}"
        if hashed:
            line += (" \\\n   " if continued else " ") + f"--hash={HASH}"
        lines += [line + ("  # -e ${NO}" if commented else "")]
        expected.append(f"{text} --hash={HASH}" if hashed else text)
    found = parse("\r\n".join(lines), policy=CLOSED, read=lambda path: None)
    assert found.text.splitlines() == expected


PIECES = ["-e", "-r", "-c", "-i", "--", "${X}", " @ ", "file:", "git+", "https://x.example/"]
SIGNS = [*"./#;[]a '\t\n", "\\\n", "../", "==1", "\x00", "\u2028"]
DANGEROUS = st.sampled_from(PIECES + SIGNS)


@settings(deadline=None)
@given(st.lists(DANGEROUS | st.characters(), max_size=12).map("".join))
def test_whatever_is_taken_is_a_plain_requirement_and_nothing_else(text: str) -> None:
    try:
        found = parse(text, policy=CLOSED, read=lambda path: None)
    except Invalid as error:
        assert error.problems
        return
    for line in found.text.splitlines():
        assert line[0].isalnum()
        assert not {"$", "\\", "@", "#", "\x00"} & set(line)
        assert "://" not in line
        assert "file:" not in line
    assert parse(found.text, policy=CLOSED, read=lambda path: None).text == found.text
