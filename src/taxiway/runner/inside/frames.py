"""Frames, series and tables: Arrow IPC files, mapped when they are read.

A frame of pandas goes this way where its environment has pyarrow and it would come back as it
was; if not, it is pickled. What cannot be told is written as a pickle rather than changed.
"""

from __future__ import annotations

import sys

from .refusal import Refused

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from .outbox import Outbox

_FIRST_ROWS = 10
_FIRST_COLUMNS = 50
_TEXT = 100


def encode_pandas(value: Any, outbox: Outbox, place: str) -> dict[str, Any] | None:
    pandas: Any = sys.modules["pandas"]
    if type(value) not in (pandas.DataFrame, pandas.Series):
        return None
    try:
        import pyarrow  # type: ignore[import-not-found,unused-ignore] # noqa: PLC0415
    except ImportError:
        return None
    series = type(value) is pandas.Series
    frame = value.to_frame(name="value") if series else value
    try:
        table = pyarrow.Table.from_pandas(frame, preserve_index=None)
        if not _comes_back(pandas, table, frame, value):
            return None
    except Exception:  # what Arrow has no type for
        return None
    extra: dict[str, Any] = {"of": "pandas", "series": series}
    if series:
        if value.name is not None and type(value.name) is not str:
            return None
        extra["name"] = value.name
    freq = getattr(frame.index, "freq", None)
    if freq is not None and type(frame.index).__name__ == "DatetimeIndex":
        extra["freq"] = freq.freqstr
    return _write_arrow(pyarrow, table, outbox, place, value, summary_of(value)) | extra


def _comes_back(pandas: Any, table: Any, frame: Any, value: Any) -> bool:
    """Whether pandas makes the same frame of it: types by an empty one, objects one by one."""
    index, columns = frame.index, frame.columns
    if value.attrs or columns.has_duplicates:
        return False
    back = table.slice(0, 0).to_pandas()
    if not (
        type(back.columns) is type(columns)
        and back.columns.equals(columns)
        and list(back.columns.names) == list(columns.names)
        and list(back.dtypes) == list(frame.dtypes)
        and list(back.index.names) == list(index.names)
        and (isinstance(index, pandas.RangeIndex) or _same_levels(back.index, index[:0]))
    ):
        return False
    objects = [name for name in columns if str(frame[name].dtype) == "object"]
    by_object = index.nlevels == 1 and str(index.dtype) == "object"
    if not objects and not by_object:
        return True
    whole = table.to_pandas()
    return (not by_object or _same_objects(whole.index, index)) and all(
        _same_objects(whole[name], frame[name]) for name in objects
    )


def _same_levels(one: Any, other: Any) -> bool:
    if type(one) is not type(other) or one.nlevels != other.nlevels:
        return False
    if one.nlevels == 1:
        return bool(one.dtype == other.dtype)
    return [level.dtype for level in one.levels] == [level.dtype for level in other.levels]


def _same_objects(one: Any, other: Any) -> bool:
    for a, b in zip(one.array, other.array, strict=True):
        if a is b:
            continue
        if type(a) is not type(b) or not (a == b or (a != a and b != b)):
            return False
    return True


def encode_polars(value: Any, outbox: Outbox, place: str) -> dict[str, Any] | None:
    polars: Any = sys.modules["polars"]
    if type(value) not in (polars.DataFrame, polars.Series):
        return None
    series = type(value) is polars.Series
    frame = value.to_frame() if series else value
    if any(dtype == polars.Object for dtype in frame.dtypes):
        return None
    written = outbox.adopt(lambda path: frame.write_ipc(path, compression="uncompressed"), place)
    reference = outbox.reference("arrow", written, value, summary_of(value))
    return reference | {"of": "polars", "series": series}


def encode_pyarrow(value: Any, outbox: Outbox, place: str) -> dict[str, Any] | None:
    pyarrow: Any = sys.modules["pyarrow"]
    kind = type(value)
    if kind is pyarrow.Table:
        table, of = value, "table"
    elif kind is pyarrow.RecordBatch:
        table, of = pyarrow.Table.from_batches([value]), "batch"
    elif isinstance(value, pyarrow.ChunkedArray | pyarrow.Array):
        of = "chunks" if isinstance(value, pyarrow.ChunkedArray) else "array"
        table = pyarrow.table({"value": value})
    else:
        return None
    summary = (
        _summary_of_table(table)
        if of in ("table", "batch")
        else {"length": len(value), "dtype": str(value.type), "nan": value.null_count}
    )
    return _write_arrow(pyarrow, table, outbox, place, value, summary) | {"of": of}


def _write_arrow(
    pyarrow: Any, table: Any, outbox: Outbox, place: str, value: Any, summary: dict[str, Any]
) -> dict[str, Any]:
    outbox.require_room(table.nbytes, place)

    def write(path: str) -> None:
        with pyarrow.OSFile(path, "wb") as file, pyarrow.ipc.new_file(file, table.schema) as sink:
            sink.write_table(table)

    return outbox.reference("arrow", outbox.adopt(write, place), value, summary)


def decode(reference: dict[str, Any], path: str, writable: bool) -> Any:
    package = "polars" if reference["of"] == "polars" else "pyarrow"
    try:
        library: Any = __import__(package)
        if reference["of"] == "polars":
            frame = _read_polars(library, path)
            return frame.to_series() if reference["series"] else frame
        __import__("pyarrow.ipc")
    except ImportError:
        raise Refused(
            "TaskFailed",
            "value-not-readable",
            f"The value is a {reference['type']}, and this environment has no {package}",
            f"Add {package} to requirements.txt and deploy.",
        ) from None
    if reference["of"] == "pandas":
        _know_pandas_types()
    file = library.memory_map(path)  # the table keeps it open
    table = library.ipc.open_file(file).read_all()
    if reference["of"] == "pandas":
        return _pandas(reference, table, writable)
    return _of_arrow(library, reference["of"], table)


def _know_pandas_types() -> None:
    """Periods and intervals are types of pandas' own, which pyarrow must know before it reads."""
    try:
        __import__("pandas.core.arrays.arrow.extension_types")
    except ImportError:  # a pandas that has them elsewhere, or none
        return


def _read_polars(polars: Any, path: str) -> Any:
    try:
        return polars.read_ipc(path, memory_map=True)
    except TypeError:  # polars 2 has no such choice
        return polars.read_ipc(path)


def _of_arrow(pyarrow: Any, of: str, table: Any) -> Any:
    if of == "table":
        return table
    if of == "batch":
        batches = table.combine_chunks().to_batches()
        return batches[0] if batches else pyarrow.RecordBatch.from_pylist([], table.schema)
    column = table.column(0)
    return column.combine_chunks() if of == "array" else column


def _pandas(reference: dict[str, Any], table: Any, writable: bool) -> Any:
    frame = table.to_pandas(split_blocks=True)
    if reference.get("freq"):
        frame.index.freq = reference["freq"]
    value = frame.iloc[:, 0].rename(reference["name"]) if reference["series"] else frame
    return value.copy() if writable else value


def summary_of(value: Any) -> dict[str, Any]:
    """Shape, dtypes, range and missing values by column, first rows. It never fails a task."""
    summary: dict[str, Any] = {"shape": list(value.shape)}
    try:
        if hasattr(value, "dtypes") and hasattr(value, "columns"):
            columns = list(value.columns)[:_FIRST_COLUMNS]
            summary["columns"] = [_column(value[name], name) for name in columns]
            summary["head"] = _head(value.head(_FIRST_ROWS), columns)
        else:
            summary |= _column(value, value.name)
            summary["head"] = [[_cell(cell)] for cell in list(value.head(_FIRST_ROWS))]
    except Exception:  # noqa: S110 - what cannot be told is left out
        pass
    return summary


def _column(column: Any, name: Any) -> dict[str, Any]:
    found: dict[str, Any] = {"name": _cell(name), "dtype": str(column.dtype)}
    try:
        missing = column.isna().sum() if hasattr(column, "isna") else column.null_count()
        if hasattr(column, "is_nan") and column.dtype.is_float():
            missing += column.is_nan().sum()
        found["nan"] = int(missing)
        low, high = column.min(), column.max()
        found |= {"min": _cell(low), "max": _cell(high)}
    except Exception:  # noqa: S110 - of a column without an order, say
        pass
    return found


def _head(first: Any, columns: list[Any]) -> list[list[Any]]:
    cells = [list(first[name]) for name in columns]
    return [[_cell(cell) for cell in row] for row in zip(*cells, strict=True)]


def _cell(cell: Any) -> Any:
    """A cell for people: JSON, and short."""
    if cell is None or type(cell) in (bool, int):
        return cell
    if isinstance(cell, float):
        return float(cell) if cell - cell == 0 else None
    if hasattr(cell, "item") and not hasattr(cell, "__len__"):
        return _cell(cell.item())
    return str(cell)[:_TEXT]


def _range_of(column: Any) -> dict[str, Any]:
    try:
        from pyarrow import compute  # type: ignore[import-not-found,unused-ignore] # noqa: PLC0415

        return {name: _cell(found.as_py()) for name, found in compute.min_max(column).items()}
    except Exception:  # of a type without an order, say
        return {}


def _summary_of_table(table: Any) -> dict[str, Any]:
    summary: dict[str, Any] = {"shape": [table.num_rows, table.num_columns]}
    try:
        names = table.column_names[:_FIRST_COLUMNS]
        summary["columns"] = [
            {"name": name, "dtype": str(column.type), "nan": column.null_count} | _range_of(column)
            for name, column in zip(names, table.columns, strict=False)
        ]
        rows = table.slice(0, _FIRST_ROWS).to_pydict()
        summary["head"] = [
            [_cell(cell) for cell in row] for row in zip(*(rows[n] for n in names), strict=True)
        ]
    except Exception:  # noqa: S110 - what cannot be told is left out
        pass
    return summary
