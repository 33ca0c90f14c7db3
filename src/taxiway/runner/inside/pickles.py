"""Pickles: written and opened only in a task's own interpreter.

Large buffers, such as those of arrays, stand outside of the pickle, each at a multiple of 64 bytes:

    "taxiway-pickle5\\n"  count  length of the pickle, lengths of the buffers  pickle  buffers …

Numbers are eight bytes, little-endian. A pickle without such buffers is a plain pickle file.
"""

from __future__ import annotations

import mmap
import pickle
from typing import Any

from .outbox import shown, type_name
from .refusal import Refused

MAGIC = b"taxiway-pickle5\n"
_ALIGNED = 64
_LARGE = 4096  # bytes; a smaller buffer stays in the pickle
_LOOKED_AT = 200  # parts of a value, when we look for the one that cannot be pickled


def pickle_to(file: Any, value: Any, place: str) -> None:
    buffers: list[memoryview] = []

    def keep_apart(buffer: pickle.PickleBuffer) -> bool:
        """False takes it out of the pickle."""
        try:
            raw = buffer.raw()
        except BufferError:  # it has gaps
            return True
        if raw.nbytes < _LARGE:
            return True
        buffers.append(raw)
        return False

    try:
        stream = pickle.dumps(value, protocol=5, buffer_callback=keep_apart)
    except Exception as error:
        culprit, where = _find(value, place)
        raise Refused(
            "TaskFailed",
            "value-not-storable",
            f"{where} is a {type_name(culprit)}, which cannot be stored: {error}",
            "Return what the next task needs of it: numbers, text, arrays, a fitted model.",
        ) from None
    if not buffers:
        file.write(stream)
        return
    parts = [memoryview(stream), *buffers]
    numbers = [len(buffers), *(part.nbytes for part in parts)]
    head = MAGIC + b"".join(number.to_bytes(8, "little") for number in numbers)
    file.write(head + bytes(-len(head) % _ALIGNED))
    for part in parts:
        file.write(part)
        file.write(bytes(-part.nbytes % _ALIGNED))


def unpickle(path: str, kind: str) -> Any:
    """Its buffers are private maps of the file: what is written to them stays in this task."""
    try:
        with open(path, "rb") as file:  # noqa: PTH123
            if file.read(len(MAGIC)) != MAGIC:
                file.seek(0)
                return pickle.Unpickler(file).load()  # noqa: S301 - that is what this interpreter is for
            whole = memoryview(mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_COPY))
        stream, *buffers = _parts_of(whole)
        return pickle.loads(stream, buffers=buffers)  # noqa: S301
    except Exception as error:
        raise Refused(
            "TaskFailed",
            "value-not-readable",
            f"The value, a {kind}, cannot be read here: {type(error).__name__}: {error}",
            "Its class must be importable in this task too: move it to a module that both import.",
        ) from None


def _parts_of(whole: memoryview) -> list[memoryview]:
    def number(index: int) -> int:
        begin = len(MAGIC) + 8 * index
        return int.from_bytes(whole[begin : begin + 8], "little")

    count = number(0)
    place = len(MAGIC) + 8 * (count + 2)
    parts = []
    for index in range(1, count + 2):
        place += -place % _ALIGNED
        parts.append(whole[place : place + number(index)])
        place += number(index)
    return parts


def _find(value: Any, place: str) -> tuple[Any, str]:
    """The innermost part of `value` that fails by itself, and where it is."""
    seen = {id(value)}
    while True:
        for part, where in _parts(value, place):
            if id(part) not in seen and len(seen) < _LOOKED_AT:
                seen.add(id(part))
                if not _can_pickle(part):
                    value, place = part, where
                    break
        else:
            return value, place


def _parts(value: Any, place: str) -> list[tuple[Any, str]]:
    if hasattr(value, "columns") and hasattr(value, "iloc"):  # a frame
        return [(value[name], f"{place}[{shown(name)}]") for name in value.columns]
    if hasattr(value, "tolist") and str(getattr(value, "dtype", "")) == "object":
        return [(item, f"{place}[{i}]") for i, item in enumerate(value.tolist()[:_LOOKED_AT])]
    if isinstance(value, dict):
        return [(item, f"{place}[{shown(key)}]") for key, item in value.items()]
    if isinstance(value, (list, tuple)):
        return [(item, f"{place}[{index}]") for index, item in enumerate(value)]
    attributes = getattr(value, "__dict__", None)
    if isinstance(attributes, dict) and not isinstance(value, type) and not callable(value):
        return [(item, f"{place}.{name}") for name, item in attributes.items()]
    return []


def _can_pickle(value: Any) -> bool:
    try:
        pickle.dumps(value, protocol=5)
    except Exception:
        return False
    return True
