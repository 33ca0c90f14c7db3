"""Arrays and scalars of numpy: npy files, mapped when they are read."""

from __future__ import annotations

import math
import sys
from _thread import allocate_lock, start_new_thread
from binascii import a2b_base64, b2a_base64

from .outbox import TAG

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from .outbox import Outbox

_LARGE = 8 << 20  # bytes; to look at all of it takes longer than to start a thread


def encode(value: Any, outbox: Outbox, place: str) -> dict[str, Any] | None:
    """None for what the npy format would not give back as it was."""
    numpy: Any = sys.modules["numpy"]
    scalar = isinstance(value, numpy.generic)
    if not scalar and type(value) is not numpy.ndarray:
        return None
    array = numpy.asarray(value)
    if array.dtype.hasobject or not _has_plain_dtype(numpy, array.dtype, type(value), scalar):
        return None
    if scalar and array.dtype.fields is None and array.nbytes <= 256:
        return _scalar(numpy, array)
    outbox.require_room(array.nbytes, place)

    with _Beside(lambda: summary_of(numpy, array), array.nbytes) as told:
        written = outbox.write(lambda file: _write(numpy, file, array), place)
    reference = outbox.reference("npy", written, value, told[0])
    return reference | {"scalar": True} if scalar else reference


class _Beside:
    """What `tell` returns stands in the list when the block is left; of a large value it is found
    in a thread meanwhile."""

    def __init__(self, tell: Callable[[], dict[str, Any]], size: int) -> None:
        self._tell = tell
        self._found: list[dict[str, Any]] = []
        self._done = allocate_lock()
        self._is_large = size > _LARGE

    def __enter__(self) -> list[dict[str, Any]]:
        if self._is_large:
            self._done.acquire()
            start_new_thread(self._work, ())
        return self._found

    def _work(self) -> None:
        try:
            self._found.append(self._tell())
        finally:
            self._done.release()

    def __exit__(self, *_: object) -> None:
        if self._is_large:
            self._done.acquire()
        else:
            self._found.append(self._tell())


def _write(numpy: Any, file: Any, array: Any) -> None:
    """As `numpy.save`, which writes to a file that is not the system's own in small pieces."""
    form, flags = numpy.lib.format, array.flags
    if array.dtype.fields or not array.size or not (flags.c_contiguous or flags.f_contiguous):
        form.write_array(file, array, allow_pickle=False)
        return
    form.write_array_header_1_0(file, form.header_data_from_array_1_0(array))
    flat = array if flags.c_contiguous else array.T
    file.write(memoryview(flat.reshape(-1).view(numpy.uint8)))


def decode(reference: dict[str, Any], path: str, writable: bool) -> Any:
    import numpy  # type: ignore[import-not-found,unused-ignore] # noqa: PLC0415

    if reference.get("scalar"):
        return numpy.load(path, allow_pickle=False)[()]
    size = math.prod(reference["summary"].get("shape") or [1])
    array = numpy.load(path, allow_pickle=False, mmap_mode=None if writable or not size else "r")
    if not writable:
        array = numpy.asarray(array)  # a plain array over the map
        array.flags.writeable = False
    return array


def _scalar(numpy: Any, array: Any) -> dict[str, Any]:
    """In its own bytes; `value` is for people, and for curves."""
    found = {
        TAG: "scalar",
        "dtype": numpy.lib.format.dtype_to_descr(array.dtype),
        "text": b2a_base64(array.tobytes(), newline=False).decode("ascii"),
        "type": f"numpy.{array.dtype.name}",
        "shown": str(array[()])[:200],
    }
    if array.dtype.kind in "iuf" and math.isfinite(float(array[()])):
        found["value"] = repr(float(array[()]))
    return found


def parse_scalar(encoded: dict[str, Any]) -> Any:
    import numpy  # noqa: PLC0415

    dtype = numpy.lib.format.descr_to_dtype(encoded["dtype"])
    return numpy.frombuffer(a2b_base64(encoded["text"]), dtype)[0]


def _has_plain_dtype(numpy: Any, dtype: Any, kind: type, scalar: bool) -> bool:
    """Whether the npy format gives back this very type."""
    if scalar and type(numpy.zeros((), dtype)[()]) is not kind:
        return False
    form = numpy.lib.format
    return bool(dtype.metadata is None and form.descr_to_dtype(form.dtype_to_descr(dtype)) == dtype)


def summary_of(numpy: Any, array: Any) -> dict[str, Any]:
    """Shape, dtype, range and how many are NaN: for people. It never fails a task."""
    summary: dict[str, Any] = {"shape": list(array.shape), "dtype": str(array.dtype)}
    try:
        if array.size and array.dtype.kind in "biuf":
            low, high = float(numpy.min(array)), float(numpy.max(array))
            if math.isnan(low):  # only then is a second look at all of it worth its time
                summary["nan"] = int(numpy.count_nonzero(numpy.isnan(array)))
                low, high = _range_of_rest(numpy, array, summary["nan"])
            elif array.dtype.kind == "f":
                summary["nan"] = 0
            if math.isfinite(low) and math.isfinite(high):
                summary |= {"min": low, "max": high}
        elif array.size and array.dtype.kind in "cmM":
            missing = (numpy.isnan if array.dtype.kind == "c" else numpy.isnat)(array)
            summary["nan"] = int(numpy.count_nonzero(missing))
            if array.dtype.kind != "c" and not missing.all():
                known = array[~missing]
                summary |= {"min": str(known.min()), "max": str(known.max())}
    except Exception:  # noqa: S110 - what cannot be told is left out
        pass
    return summary


def _range_of_rest(numpy: Any, array: Any, missing: int) -> tuple[float, float]:
    if missing == array.size:
        return math.nan, math.nan
    return float(numpy.nanmin(array)), float(numpy.nanmax(array))
