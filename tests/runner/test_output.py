from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from taxiway.runner.output import LineSplitter

chunks = st.lists(st.binary(max_size=20))


def split(*data: bytes, limit: int = 100, at: float = 0) -> list[str]:
    splitter = LineSplitter(limit)
    lines = [line for part in data for line in splitter.feed(part, at)]
    return lines + splitter.finish()


@given(st.text(st.characters(exclude_characters="\r\0", exclude_categories=["Cs"])), st.data())
def test_lines_come_back_whole_however_the_stream_is_cut(text: str, data: st.DataObject) -> None:
    raw = text.encode()
    cuts = sorted(data.draw(st.lists(st.integers(0, len(raw)), max_size=5)))
    pieces = [raw[a:b] for a, b in zip([0, *cuts], [*cuts, len(raw)], strict=True)]
    expected = text.split("\n")
    if not expected[-1].strip(" \t"):
        expected.pop()
    expected = [line.replace("::group::", ":: group::") for line in expected]
    assert split(*pieces, limit=10_000) == expected


@given(chunks, st.integers(8, 40))
def test_any_bytes_give_short_clean_lines(data: list[bytes], limit: int) -> None:
    for line in split(*data, limit=limit):
        assert not set(line) & set("\n\r\0")
        assert len(line) <= 4 * limit
        line.encode("utf-8")


@given(chunks)
def test_without_returns_the_cuts_do_not_matter(data: list[bytes]) -> None:
    data = [part.replace(b"\r", b"") for part in data]
    assert split(*data, limit=16) == split(b"".join(data), limit=16)


@given(st.text("äöü€😀a", max_size=60))
def test_a_long_line_goes_on_in_the_next_and_no_character_is_cut(text: str) -> None:
    lines = split(text.encode(), limit=8)
    assert "".join(lines) == text


def test_windows_line_ends_are_line_ends() -> None:
    assert split(b"a\r", b"\nb\r\n\r\nc") == ["a", "b", "", "c"]


def test_a_progress_bar_is_thinned_to_a_line_a_second_and_its_last_state_stays() -> None:
    splitter = LineSplitter()
    lines = []
    for step in range(101):
        lines += splitter.feed(f"\r{step}%".encode(), now=step / 20)
    lines += splitter.feed(b"\ndone\n", now=6)
    assert lines[0] == "0%"
    assert lines[-2:] == ["100%", "done"]
    assert len(lines) == 7


def test_a_bar_that_is_wiped_leaves_its_last_state() -> None:
    assert split(b"10%\r", b"99%\r", b"   \r", b"\n") == ["10%", "99%"]
    assert split(b"10%\r50%\r99%\r") == ["10%", "99%"]


def test_log_commands_do_nothing_and_bad_bytes_are_shown() -> None:
    assert split(b"::group::x\n::endgroup::\n\xff\x00\n") == [
        ":: group::x",
        ":: endgroup::",
        "\\xff\\x00",
    ]


def test_a_line_without_an_end_is_not_hoarded() -> None:
    assert LineSplitter(10).feed(b"x" * 25, 0) == ["x" * 10, "x" * 10]
