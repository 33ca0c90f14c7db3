"""What `codec` wrote, as the value that it was."""

from __future__ import annotations

from .outbox import TAG
from .plain import parse
from .refusal import Refused

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any


class Decoder:
    """Decodes values; `fetch(digest, shown)` gives the path of a referenced file, which user code
    is `shown` or not. Arrays and frames are read-only maps of their files, or `writable` copies."""

    def __init__(self, fetch: Callable[..., str], *, writable: bool = False) -> None:
        self._fetch = fetch
        self._writable = writable

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
        if kind == "dataclass":
            from .objects import rebuild  # noqa: PLC0415

            fields = {name: self.decode(item) for name, item in encoded["fields"].items()}
            return rebuild(encoded["type"], fields)
        if kind == "scalar":
            from .arrays import parse_scalar  # noqa: PLC0415

            return _with_numpy(parse_scalar, encoded)
        return parse(encoded, kind)

    def _load(self, reference: dict[str, Any]) -> Any:
        form = reference["format"]
        if form in ("file", "folder"):
            from .paths import decode as path_of  # noqa: PLC0415

            return path_of(reference, self._fetch, self._writable)
        if form in ("png", "html"):
            from .pictures import decode as picture_of  # noqa: PLC0415

            return picture_of(reference, self._fetch)
        path = self._fetch(reference["digest"])
        if form == "pickle":
            from .pickles import unpickle  # noqa: PLC0415

            return unpickle(path, reference["type"])
        if form == "json":
            import json  # noqa: PLC0415

            with open(path, "rb") as file:  # noqa: PTH123
                return self.decode(json.loads(file.read()))
        if form == "arrow":
            from .frames import decode as frame_of  # noqa: PLC0415

            return frame_of(reference, path, self._writable)
        from .arrays import decode as array_of  # noqa: PLC0415

        return _with_numpy(array_of, reference, path, self._writable)


def _with_numpy(decode: Callable[..., Any], encoded: dict[str, Any], *more: Any) -> Any:
    try:
        return decode(encoded, *more)
    except ImportError:
        raise Refused(
            "TaskFailed",
            "value-not-readable",
            f"The value is a {encoded['type']}, and this environment has no numpy",
            "Add numpy to requirements.txt and deploy.",
        ) from None


_REBUILT: dict[str, Callable[[Any], Any]] = {"tuple": tuple, "set": set, "frozenset": frozenset}
