"""Ports of this machine: the one that was asked for, or a free one instead of a default."""

from __future__ import annotations

import socket

from taxiway.embedded.config import LOOPBACK
from taxiway.errors import Conflict, Unavailable

_TRIED = 100


def choose(asked: int | None, default: int, *, taken: frozenset[int] = frozenset()) -> int:
    """The port to listen on: `asked` (0: any), or `default`, or the next free one after it."""
    if asked == 0:
        return _any_free()
    if asked is not None:
        if asked in taken or not is_free(asked):
            raise Conflict(
                "port-taken",
                f"Port {asked} is taken by another program",
                hint=f"End that program, or ask for another port: {asked + 1} for instance.",
                port=asked,
            )
        return asked
    for port in range(default, default + _TRIED):
        if port not in taken and is_free(port):
            return port
    raise Unavailable(
        "no-free-port",
        f"No port from {default} to {default + _TRIED - 1} is free",
        hint="Name a free one with the option.",
    )


def _any_free() -> int:
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        probe.bind((LOOPBACK, 0))
        return int(probe.getsockname()[1])


def is_free(port: int) -> bool:
    """Whether a server could listen on `port` of loopback now."""
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((LOOPBACK, port))
        except OSError:
            return False
    return True
