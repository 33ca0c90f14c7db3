from __future__ import annotations

import pytest

from taxiway.environment.lines import decode, logical_lines


def test_comments_and_empty_lines_are_left_out() -> None:
    text = "# first\n\nalpha==1  # why\n  \nbeta @ https://x.example/#egg=beta\n"
    assert list(logical_lines(text)) == [
        (3, "alpha==1"),
        (5, "beta @ https://x.example/#egg=beta"),
    ]


def test_a_continued_line_counts_from_its_first() -> None:
    text = "alpha==1 \\\n    --hash=sha256:aa \\\n    --hash=sha256:bb\nbeta\n"
    assert [(n, line.split()) for n, line in logical_lines(text)] == [
        (1, ["alpha==1", "--hash=sha256:aa", "--hash=sha256:bb"]),
        (4, ["beta"]),
    ]


def test_a_comment_ends_a_continuation() -> None:
    assert list(logical_lines("alpha \\\n# and so on \\\nbeta\n")) == [(1, "alpha"), (3, "beta")]


def test_a_continuation_at_the_end_of_the_file_is_complete() -> None:
    assert list(logical_lines("alpha \\")) == [(1, "alpha")]


def test_all_line_ends_are_line_ends() -> None:
    assert list(logical_lines("a\r\nb\rc\nd")) == [(1, "a"), (2, "b"), (3, "c"), (4, "d")]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
def test_what_windows_writes_is_read(encoding: str) -> None:
    assert decode("alpha  # für\n".encode(encoding)) == "alpha  # für\n"


def test_bytes_that_are_no_text_are_refused() -> None:
    with pytest.raises(UnicodeDecodeError):
        decode(b"alpha \xff\xfe\xfa")
