from __future__ import annotations

import socket
from collections.abc import Iterator

import pytest

from taxiway.embedded import ports
from taxiway.errors import Conflict


@pytest.fixture
def taken() -> Iterator[int]:
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield server.getsockname()[1]


def test_a_free_default_is_taken() -> None:
    free = ports.choose(0, 8000)
    assert ports.choose(None, free) == free


def test_a_taken_default_gives_way_to_the_next_free_port(taken: int) -> None:
    assert ports.choose(None, taken) > taken


def test_a_default_that_another_part_has_chosen_gives_way_too() -> None:
    free = ports.choose(0, 8000)
    assert ports.choose(None, free, taken=frozenset({free})) > free


def test_a_port_that_was_asked_for_and_is_taken_is_refused_by_name(taken: int) -> None:
    with pytest.raises(Conflict, match=f"Port {taken} is taken") as caught:
        ports.choose(taken, 8000)
    assert caught.value.code == "port-taken"
