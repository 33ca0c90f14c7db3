"""Secrets of tasks: what Airflow keeps, in one task's environment, and nowhere in its log."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any

from taxiway.errors import Invalid
from taxiway.runner.host import Host

SHORTEST = 5  # characters; Airflow's own masking passes over shorter ones
MASK = "***"


def resolve(declared: Mapping[str, str], host: Host) -> tuple[dict[str, str], tuple[str, ...]]:
    """The environment variables, and all texts that must not be seen. `Invalid`
    (`secret-not-found`, `secret-too-short`)."""
    env: dict[str, str] = {}
    hidden: list[str] = []
    for name, source in sorted(declared.items()):
        kind, _, of = source.partition(":")
        answer = host.answer({"ask": "secret", "kind": kind, "name": of})
        if not answer.get("found"):
            raise Invalid(
                "secret-not-found",
                f"Airflow has no {kind} {of}, which the secret {name} is to be read from",
                hint=f"Create the {kind} in Airflow, or change `secrets`.",
            )
        text = str(answer["value"])
        parts = [text, *map(str, answer.get("parts", ()))]
        if any(len(part) < SHORTEST for part in parts if part) or not text:
            raise Invalid(
                "secret-too-short",
                f"The secret {name} is shorter than {SHORTEST} characters, so it could not be "
                "masked in the log",
                hint="Use a longer one. If it is no secret, put it into `env`.",
            )
        env[name] = text
        hidden += parts
    return env, tuple(dict.fromkeys(masked_parts(hidden)))


def masked_parts(texts: Iterable[str]) -> list[str]:
    """The texts, and each line of those that have several: a log is written line by line."""
    found = []
    for text in filter(None, texts):
        lines = [line.strip() for line in text.splitlines()]
        found += [text, *(line for line in lines if len(line) >= SHORTEST)]
    return found


class MaskingHost:
    """A host whose log shows none of `hidden`."""

    def __init__(self, host: Host, hidden: Iterable[str]) -> None:
        self._host = host
        longest_first = sorted(set(hidden), key=len, reverse=True)
        self._pattern = re.compile("|".join(map(re.escape, longest_first)) or r"(?!)")

    def log(self, line: str, *, stream: str, level: int) -> None:
        self._host.log(self.mask(line), stream=stream, level=level)

    def answer(self, question: dict[str, Any]) -> dict[str, Any]:
        return self._host.answer(question)

    def mask(self, text: str) -> str:
        return self._pattern.sub(MASK, text)

    def mask_in(self, value: Any) -> Any:
        """A JSON value without the hidden texts."""
        if isinstance(value, str):
            return self.mask(value)
        if isinstance(value, dict):
            return {self.mask(name): self.mask_in(item) for name, item in value.items()}
        return [self.mask_in(item) for item in value] if isinstance(value, list) else value
