"""What a task returns, as JSON that says exactly what it was, and back.

JSON values stay what they are. What JSON (or a database that keeps JSON) would change is tagged,
as `{"__taxiway__": <kind>, …}`; a dictionary whose keys could be taken for such a tag is written
as a list of its items. What JSON cannot hold is written to the outbox, a file named by its
digest, and a reference stands for it:

    {"__taxiway__": "value", "digest": …, "format": "npy" | "pickle" | "json",
     "type": "numpy.ndarray", "size": <bytes>, "summary": {…}}
"""

from __future__ import annotations

import math
import os
import sys
from binascii import a2b_base64, b2a_base64

from .refusal import Refused

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

TAG = "__taxiway__"
INLINE_LIMIT = 64 * 1024  # bytes of JSON that go through the orchestrator's own table
_DEPTH = 40  # deeper containers are pickled whole
_REFERENCES = 64  # a container with more of them is pickled whole
_SAFE_INTEGER = 2**53


class _Whole(Exception):
    """The value is better written as one pickle."""


class Encoder:
    """Encodes one value. `files` are the digests that it wrote to the outbox."""

    def __init__(self, outbox: str) -> None:
        self._outbox = outbox
        self.files: list[str] = []

    def encode(self, value: Any, place: str = "value") -> Any:
        """JSON for `value`. `Refused` (`value-not-storable`) names what cannot be stored."""
        refuse_lazy(value, place)
        try:
            encoded = self._encode(value, place, ())
        except _Whole:
            return self._pickle(value, place)
        if not isinstance(encoded, (str, list, dict)):
            return encoded
        import json  # noqa: PLC0415

        text = json.dumps(encoded)
        if len(text) <= INLINE_LIMIT:
            return encoded
        return self._write_json(value, text)

    def _encode(self, value: Any, place: str, above: tuple[int, ...]) -> Any:
        kind = type(value)
        if value is None or kind is bool:
            return value
        if (scalar := _SCALARS.get(kind)) is not None:
            return scalar(value)
        if kind in _CONTAINERS:
            if len(above) >= _DEPTH or id(value) in above:
                raise _Whole
            return self._container(value, place, (*above, id(value)))
        if len(self.files) >= _REFERENCES and above:
            raise _Whole
        return self._numpy(value) or self._pickle(value, place)

    def _container(self, value: Any, place: str, above: tuple[int, ...]) -> Any:
        if type(value) is dict:
            pairs = [
                (key, self._encode(item, f"{place}[{_shown(key)}]", above))
                for key, item in value.items()
            ]
            if all(_is_plain_key(key) for key in value):
                return dict(pairs)
            keys = (self._encode(key, f"a key of {place}", above) for key in value)
            return {
                TAG: "dict",
                "items": [[k, item] for k, (_, item) in zip(keys, pairs, strict=True)],
            }
        items = [self._encode(item, f"{place}[{i}]", above) for i, item in enumerate(value)]
        return items if type(value) is list else {TAG: type(value).__name__, "items": items}

    def _numpy(self, value: Any) -> dict[str, Any] | None:
        numpy: Any = sys.modules.get("numpy")
        if numpy is None or not hasattr(numpy, "ndarray"):
            return None
        scalar = isinstance(value, numpy.generic)
        if not scalar and type(value) is not numpy.ndarray:
            return None
        array = numpy.asarray(value)
        if array.dtype.hasobject or not _has_plain_dtype(numpy, array.dtype, type(value), scalar):
            return None

        def write(file: Any) -> None:
            numpy.lib.format.write_array(file, array, allow_pickle=False)

        summary = _summarise_array(numpy, array, scalar)
        reference = self._write("npy", write, value, summary)
        return reference | {"scalar": True} if scalar else reference

    def _pickle(self, value: Any, place: str) -> dict[str, Any]:
        from .pickles import pickle_to  # noqa: PLC0415

        return self._write("pickle", lambda file: pickle_to(file, value, place), value, {})

    def _write_json(self, value: Any, text: str) -> dict[str, Any]:
        summary = {"length": len(value)} if hasattr(value, "__len__") else {}
        return self._write("json", lambda file: file.write(text.encode("ascii")), value, summary)

    def _write(
        self, form: str, write: Callable[[Any], Any], value: Any, summary: dict[str, Any]
    ) -> dict[str, Any]:
        path = os.path.join(self._outbox, f"new.{len(self.files)}.{id(self)}")  # noqa: PTH118
        with open(path, "wb") as raw:  # noqa: PTH123
            file = _HashingFile(raw)
            write(file)
        digest = file.digest()
        os.replace(path, os.path.join(self._outbox, digest))  # noqa: PTH105, PTH118
        self.files.append(digest)
        kind = type(value)
        return {
            TAG: "value",
            "digest": digest,
            "format": form,
            "type": kind.__qualname__
            if kind.__module__ == "builtins"
            else f"{kind.__module__}.{kind.__qualname__}",
            "size": file.size,
            "summary": summary,
        }


class Decoder:
    """Decodes values; `fetch(digest)` gives the path of a referenced file."""

    def __init__(self, fetch: Callable[[str], str]) -> None:
        self._fetch = fetch

    def decode(self, encoded: Any) -> Any:
        if type(encoded) is list:
            return [self.decode(item) for item in encoded]
        if type(encoded) is not dict:
            return encoded
        if TAG not in encoded:
            return {key: self.decode(item) for key, item in encoded.items()}
        return self._untag(encoded, encoded[TAG])

    def _untag(self, encoded: dict[str, Any], kind: str) -> Any:
        if kind == "value":
            return self._load(encoded)
        if kind == "dict":
            return {self.decode(key): self.decode(item) for key, item in encoded["items"]}
        if kind in _REBUILT:
            return _REBUILT[kind](self.decode(item) for item in encoded["items"])
        return _PARSED[kind](encoded["text"])

    def _load(self, reference: dict[str, Any]) -> Any:
        path = self._fetch(reference["digest"])
        if reference["format"] == "pickle":
            from .pickles import unpickle  # noqa: PLC0415

            return unpickle(path, reference["type"])
        if reference["format"] == "json":
            import json  # noqa: PLC0415

            with open(path, "rb") as file:  # noqa: PTH123
                return self.decode(json.loads(file.read()))
        try:
            import numpy  # type: ignore[import-not-found,unused-ignore] # noqa: PLC0415 - of the task's environment
        except ImportError:
            raise Refused(
                "TaskFailed",
                "value-not-readable",
                f"The value is a {reference['type']}, and this environment has no numpy",
                "Add numpy to requirements.txt and deploy.",
            ) from None
        array = numpy.load(path, allow_pickle=False)
        return array[()] if reference.get("scalar") else array


class _HashingFile:
    """A file that knows the digest of what was written to it."""

    def __init__(self, file: Any) -> None:
        import hashlib  # noqa: PLC0415 - loads OpenSSL

        self._file, self._hash, self.size = file, hashlib.sha256(), 0

    def write(self, data: Any) -> int:
        self._hash.update(data)
        size = memoryview(data).nbytes
        self.size += size
        self._file.write(data)
        return size

    def digest(self) -> str:
        return self._hash.hexdigest()


def refuse_lazy(value: Any, place: str = "the value") -> None:
    kinds = {
        "generator": "a generator",
        "coroutine": "a coroutine",
        "async_generator": "an async generator",
    }
    kind = kinds.get(type(value).__name__)
    if kind and type(value).__module__ == "builtins":
        raise Refused(
            "TaskFailed",
            "value-not-storable",
            f"The function returned {kind}, which has no value yet",
            "Return what it gives, for example list(...).",
        )


def _integer(value: int) -> Any:
    return value if abs(value) <= _SAFE_INTEGER else {TAG: "int", "text": hex(value)}


def _float(value: float) -> Any:
    """Infinities and NaN are no JSON; PostgreSQL's JSON makes an integer of 1e22, and 0 of -0.0."""
    text = repr(value)
    risky = not math.isfinite(value) or "e" in text or text == "-0.0"
    return {TAG: "float", "text": text} if risky else value


def _string(value: str) -> Any:
    """PostgreSQL's JSON has no NUL, and UTF-8 has no lone surrogates."""
    if "\0" not in value and (value.isascii() or not any("\ud800" <= c <= "\udfff" for c in value)):
        return value
    raw = value.encode("utf-8", "surrogatepass")
    return {TAG: "str", "text": b2a_base64(raw, newline=False).decode("ascii")}


def _bytes(value: bytes) -> Any:
    return {TAG: "bytes", "text": b2a_base64(value, newline=False).decode("ascii")}


def _is_plain_key(key: Any) -> bool:
    return type(key) is str and not key.startswith("__") and _string(key) is key


def _shown(key: Any) -> str:
    return repr(key)[:60]


_SCALARS: dict[type, Callable[[Any], Any]] = {
    int: _integer,
    float: _float,
    str: _string,
    bytes: _bytes,
}
_CONTAINERS = (dict, list, tuple, set, frozenset)
_REBUILT: dict[str, Callable[[Any], Any]] = {"tuple": tuple, "set": set, "frozenset": frozenset}
_PARSED: dict[str, Callable[[str], Any]] = {
    "int": lambda text: int(text, 16),
    "float": float,
    "str": lambda text: a2b_base64(text).decode("utf-8", "surrogatepass"),
    "bytes": a2b_base64,
}


def _has_plain_dtype(numpy: Any, dtype: Any, kind: type, scalar: bool) -> bool:
    """Whether the npy format gives back this very type."""
    if scalar and type(numpy.zeros((), dtype)[()]) is not kind:
        return False
    form = numpy.lib.format
    return bool(dtype.metadata is None and form.descr_to_dtype(form.dtype_to_descr(dtype)) == dtype)


def _summarise_array(numpy: Any, array: Any, scalar: bool) -> dict[str, Any]:
    """Shape, dtype and range: for people. It never fails a task."""
    summary: dict[str, Any] = {"shape": list(array.shape), "dtype": str(array.dtype)}
    try:
        if scalar:
            summary["value"] = str(array[()])[:200]
        if array.size and array.dtype.kind in "biuf":
            low, high = float(numpy.min(array)), float(numpy.max(array))
            if math.isfinite(low) and math.isfinite(high):
                summary |= {"min": low, "max": high}
    except Exception:  # noqa: S110 - a range that cannot be told is left out
        pass
    return summary
