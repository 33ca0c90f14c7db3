from __future__ import annotations

import pytest

from taxiway.environment.versions import asked_for, satisfies


@pytest.mark.parametrize(
    ("text", "asked"),
    [
        ("3.12\n", ("3.12", "3.12")),
        ("# ours\n3.12.4 # exactly\n3.11\n", ("3.12", "3.12.4")),
        ("cpython@3.11", ("3.11", "3.11")),
        ("python-3.10.13", ("3.10", "3.10.13")),
        ("pypy3.10", None),
        ("my-virtualenv", None),
        ("", None),
    ],
)
def test_what_a_version_file_asks_for(text: str, asked: tuple[str, str] | None) -> None:
    assert asked_for(text) == asked


@pytest.mark.parametrize(
    ("specifier", "holds"),
    [
        (">=3.11", True),
        (">=3.11,<3.13", True),
        ("<3.12", False),
        ("==3.12.*", True),
        ("!=3.12.*", False),
        ("~=3.12", True),
        ("~=3.11.2", False),
        (">3.12", True),
        ("<=3.12", False),
        ("==3.12.4", True),
        ("!=3.12.4", False),
        ("", True),
    ],
)
def test_a_full_version_meets_a_specifier(specifier: str, holds: bool) -> None:
    assert satisfies("3.12.4", specifier) is holds


def test_what_is_no_specifier_is_told() -> None:
    with pytest.raises(ValueError, match=r"\^3"):
        satisfies("3.12.4", "^3.11")
