"""The page that tells which test stands against which threat tells of tests that there are."""

from __future__ import annotations

import re
from pathlib import Path

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs" / "decisions" / "0019-each-threat-has-its-test.md"


def test_every_test_that_stands_against_a_threat_exists() -> None:
    named = re.findall(r"`(tests/[a-z_/]+\.py)::(test_\w+)`", PAGE.read_text())
    assert len(named) > 50
    missing = [
        f"{file}::{name}"
        for file, name in named
        if not re.search(rf"^def {name}\(", (ROOT / file).read_text(), re.MULTILINE)
    ]
    assert missing == []


def test_every_threat_that_comes_from_git_has_one() -> None:
    numbers = set(re.findall(r"^\| T(\d+) \|", PAGE.read_text(), re.MULTILINE))
    assert numbers == {str(number) for number in (*range(3, 17), 21)}
