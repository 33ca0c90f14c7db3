"""Server-sent events, also over a connection that breaks."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import httpx
import pytest

from taxiway.client.events import follow, parse

ONE = 'id: 1:1\nevent: line\ndata: {"text": "a"}\n\n'
TWO = 'id: 1:2\nevent: line\ndata: {"text": "b"}\n\n'
END = 'id: 1:2\nevent: end\ndata: {"state": "success"}\n\n'


def test_heartbeats_and_broken_events_are_passed_over() -> None:
    text = ": ping - now\n\n" + ONE + "event: half\n\n"
    assert list(parse(text.splitlines())) == [("line", "1:1", {"text": "a"})]


def test_a_broken_stream_goes_on_after_its_last_event() -> None:
    asked: list[dict[str, str]] = []
    answers = [ONE, TWO, END]

    @contextmanager
    def connect(headers: dict[str, str]) -> Iterator[httpx.Response]:
        asked.append(headers)
        yield httpx.Response(200, text=answers.pop(0))

    assert [body for _, body in follow(connect)] == [
        {"text": "a"},
        {"text": "b"},
        {"state": "success"},
    ]
    assert asked == [{}, {"Last-Event-ID": "1:1"}, {"Last-Event-ID": "1:2"}]


def test_a_stream_that_says_nothing_is_given_up() -> None:
    @contextmanager
    def connect(headers: dict[str, str]) -> Iterator[httpx.Response]:
        yield httpx.Response(200, text="")

    with pytest.raises(httpx.RemoteProtocolError):
        list(follow(connect))
