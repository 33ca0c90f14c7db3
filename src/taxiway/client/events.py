"""Reading server-sent events, and going on where a connection broke."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager
from typing import Any

import httpx

Open = Callable[[dict[str, str]], AbstractContextManager[httpx.Response]]
Event = tuple[str, dict[str, Any]]

TRIES = 3  # without a single event


def follow(connect: Open) -> Iterator[Event]:
    """Names and bodies of events, each once, up to and with `end`."""
    last_id, failures = "", 0
    while True:
        try:
            with connect({"Last-Event-ID": last_id} if last_id else {}) as answer:
                for name, event_id, body in parse(answer.iter_lines()):
                    last_id, failures = event_id, 0
                    yield name, body
                    if name == "end":
                        return
        except httpx.TransportError:
            if failures >= TRIES:
                raise
        failures += 1
        if failures > TRIES:
            raise httpx.RemoteProtocolError("the stream ends before its end")


def parse(lines: Iterable[str]) -> Iterator[tuple[str, str, dict[str, Any]]]:
    """Name, id and body of each event; heartbeats are passed over."""
    fields: dict[str, str] = {}
    for line in lines:
        name, _, value = line.partition(": ")
        if line:
            fields[name] = value
            continue
        if "event" in fields and "data" in fields:
            yield fields["event"], fields.get("id", ""), json.loads(fields["data"])
        fields = {}
