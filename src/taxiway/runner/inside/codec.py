"""What a task returns, as JSON that says exactly what it was; `decoder` takes it back.

JSON values stay what they are. What JSON (or a database that keeps JSON) would change is tagged,
as `{"__taxiway__": <kind>, …}`; a dictionary whose keys could be taken for such a tag is written
as a list of its items. What JSON cannot hold is written to the outbox, a file named by its
digest, and a reference stands for it:

    {"__taxiway__": "value", "digest": …, "format": "npy" | "arrow" | "png" | "html" | "file" |
     "folder" | "pickle" | "json", "type": "numpy.ndarray", "size": <bytes>, "summary": {…}}

Libraries are looked for only where a value is of them.
"""

from __future__ import annotations

from .outbox import TAG, Outbox, shown
from .plain import SCALARS, is_plain_key, of_library
from .refusal import Refused

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from .channel import Channel

INLINE_LIMIT = 64 * 1024  # bytes of JSON that go through the orchestrator's own table
ELEMENT_LIMIT = 1024  # the same for one of many elements
MAX_DEPTH = 100
_REFERENCES = 64  # a container with more of them is pickled whole
# Which module of ours knows the types of which package.
_FORMATS = {
    "numpy": ("arrays", "encode"),
    "pandas": ("frames", "encode_pandas"),
    "polars": ("frames", "encode_polars"),
    "pyarrow": ("frames", "encode_pyarrow"),
    "matplotlib": ("pictures", "encode_matplotlib"),
    "plotly": ("pictures", "encode_plotly"),
    "PIL": ("pictures", "encode_image"),
    "pathlib": ("paths", "encode"),
}


class _Whole(Exception):
    """The value is better written as one pickle."""


class Encoder:
    """Encodes one value. `files` are the digests that it wrote to the outbox; the worker names
    large ones where there is a `line` to it. A `max_size` of 0 is no limit."""

    def __init__(
        self,
        outbox: str,
        line: Channel | None = None,
        *,
        max_size: int = 0,
        max_depth: int = MAX_DEPTH,
    ) -> None:
        def name(written: str) -> dict[str, Any]:
            return line.ask({"ask": "name", "file": written}) if line else {}

        self._outbox = Outbox(outbox, max_size, name if line else None)
        self._max_depth = max_depth
        self._references = 0
        self._has_paths = False
        self._encoded: Any = None

    def summary_of(self, value: Any) -> dict[str, Any]:
        """What is told of the value that was encoded last."""
        from .summary import summarise  # noqa: PLC0415

        return summarise(value, self._encoded, has_parts=bool(self.files))

    @property
    def files(self) -> list[str]:
        return self._outbox.digests

    def encode(self, value: Any, place: str = "value", limit: int = INLINE_LIMIT) -> Any:
        """JSON for `value`. `Refused` (`value-not-storable`, `value-too-large`, `value-too-deep`)
        names what cannot be stored, and where it is."""
        refuse_lazy(value, place)
        try:
            encoded = self._encode(value, place, ())
        except _Whole:
            if self._has_paths:
                raise Refused(
                    "TaskFailed",
                    "value-not-storable",
                    f"{place} holds files beside itself, or beside more than {_REFERENCES} objects",
                    "Return the files in a folder of their own.",
                ) from None
            encoded = self._pickle(value, place)
        self._encoded = encoded
        if not isinstance(encoded, (str, list, dict)):
            return encoded
        import json  # noqa: PLC0415

        text = json.dumps(encoded)
        if len(text) <= limit:
            return encoded
        return self._write_json(value, text, place) | self._files_in(encoded)

    def encode_elements(self, value: Any, place: str = "value") -> list[Any]:
        """One by one, for tasks that run once for each. `Refused` (`value-not-mappable`)."""
        if not isinstance(value, (list, tuple)):
            raise Refused(
                "Invalid",
                "value-not-mappable",
                f"{place} is a {type(value).__name__}, and a task that expands over it needs a list",
                "Return a list with one element for each of its task runs.",
            )
        found = []
        for i, item in enumerate(value):
            self._references = 0
            found.append(self.encode(item, f"{place}[{i}]", ELEMENT_LIMIT))
        self._encoded = found
        return found

    def _encode(self, value: Any, place: str, above: tuple[int, ...]) -> Any:
        kind = type(value)
        if value is None or kind is bool:
            return value
        if (scalar := SCALARS.get(kind)) is not None:
            return scalar(value)
        if kind in _CONTAINERS or _is_dataclass(kind):
            if id(value) in above:
                raise _Whole
            if len(above) >= self._max_depth:
                self._refuse_depth(place)
            return self._container(value, place, (*above, id(value)))
        if kind.__module__ in _LIBRARY and (made := of_library(value)) is not None:
            return made
        return self._special(value, place, nested=bool(above))

    def _container(self, value: Any, place: str, above: tuple[int, ...]) -> Any:
        kind = type(value)
        if kind is dict:
            pairs = [
                (key, self._encode(item, f"{place}[{shown(key)}]", above))
                for key, item in value.items()
            ]
            if all(is_plain_key(key) for key in value):
                return dict(pairs)
            keys = (self._encode(key, f"a key of {place}", above) for key in value)
            return {
                TAG: "dict",
                "items": [[k, item] for k, (_, item) in zip(keys, pairs, strict=True)],
            }
        if kind not in _CONTAINERS:
            return self._dataclass(value, place, above)
        items = [self._encode(item, f"{place}[{i}]", above) for i, item in enumerate(value)]
        if kind in (set, frozenset):  # in one order, so that equal sets have equal digests
            items.sort(key=repr)
        return items if kind is list else {TAG: kind.__name__, "items": items}

    def _dataclass(self, value: Any, place: str, above: tuple[int, ...]) -> Any:
        kind = type(value)
        if "<locals>" in kind.__qualname__:
            raise Refused(
                "TaskFailed",
                "value-not-storable",
                f"{place} is a {kind.__qualname__}, a dataclass that is defined in a function",
                "Define it at the top of its file, so that the next task can import it.",
            )
        names = dict.fromkeys([*kind.__dataclass_fields__, *getattr(value, "__dict__", ())])
        fields = {
            name: self._encode(getattr(value, name), f"{place}.{name}", above)
            for name in names
            if hasattr(value, name)
        }
        name = f"{kind.__module__}:{kind.__qualname__}"
        return {TAG: "dataclass", "type": name, "fields": fields}

    def _special(self, value: Any, place: str, *, nested: bool) -> Any:
        for kind in type(value).__mro__[:-1]:
            form = _FORMATS.get(kind.__module__.partition(".")[0])
            if form is None:
                continue
            module = __import__(f"{__package__}.{form[0]}", fromlist=[form[1]])
            encoded = getattr(module, form[1])(value, self._outbox, place)
            if encoded is None:
                break
            self._has_paths |= form[0] == "paths"
            if encoded[TAG] == "value" and form[0] != "paths":
                self._count(nested)
            return encoded
        self._count(nested)
        return self._pickle(value, place)

    def _count(self, nested: bool) -> None:
        self._references += 1
        if self._references > _REFERENCES and nested:
            raise _Whole

    def _pickle(self, value: Any, place: str) -> dict[str, Any]:
        from .pickles import pickle_to  # noqa: PLC0415

        written = self._outbox.write(lambda file: pickle_to(file, value, place), place)
        return self._outbox.reference("pickle", written, value, _summary_of_object(value))

    def _write_json(self, value: Any, text: str, place: str) -> dict[str, Any]:
        summary = {"length": len(value)} if hasattr(value, "__len__") else {}
        written = self._outbox.write(lambda file: file.write(text.encode("ascii")), place)
        return self._outbox.reference("json", written, value, summary)

    def _files_in(self, encoded: Any) -> dict[str, Any]:
        """What is named in a value that is a file itself is named beside it too, so that nobody
        else has to open it."""
        found: dict[str, Any] = {}

        def look(here: Any) -> None:
            if isinstance(here, dict):
                if here.get("digest") in self.files:
                    kept = (TAG, "digest", "format", "size", "media_type")
                    found[here["digest"]] = {key: here[key] for key in kept if key in here}
                here = list(here.values())
            for item in here if isinstance(here, list) else ():
                look(item)

        if self.files:
            look(encoded)
        return {"files": list(found.values())} if found else {}

    def _refuse_depth(self, place: str) -> None:
        raise Refused(
            "TaskFailed",
            "value-too-deep",
            f"{place[:300]} is nested deeper than {self._max_depth} levels, the limit "
            "TAXIWAY_VALUE_MAX_DEPTH of the workers",
            "Return something flatter, or raise the limit.",
        )


def _summary_of_object(value: Any) -> dict[str, Any]:
    if isinstance(value, _CONTAINERS):
        return {"length": len(value)}
    if type(value).__module__.partition(".")[0] == "pandas" and hasattr(value, "head"):
        from .frames import summary_of  # noqa: PLC0415

        return summary_of(value)
    if hasattr(value, "shape") and hasattr(value, "dtype"):
        return {"shape": [int(size) for size in value.shape], "dtype": str(value.dtype)}
    return {}


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


def _is_dataclass(kind: type) -> bool:
    """One that is nothing else: no container, and nothing that pickles in a way of its own."""
    return (
        "__dataclass_fields__" in kind.__dict__
        and not issubclass(kind, (*_CONTAINERS, int, float, str, bytes, BaseException))
        and getattr(kind, "__reduce__", None) is object.__reduce__
        and getattr(kind, "__reduce_ex__", None) is object.__reduce_ex__
        and not _has_own_state(kind)
    )


def _has_own_state(kind: type) -> bool:
    slots = "__slots__" in kind.__dict__  # dataclasses makes these two for a frozen one with slots
    return not slots and any("__getstate__" in one.__dict__ for one in kind.__mro__[:-1])


_CONTAINERS = (dict, list, tuple, set, frozenset)
_LIBRARY = ("datetime", "decimal", "_pydecimal", "uuid", "fractions", "pathlib", "pathlib._local")
