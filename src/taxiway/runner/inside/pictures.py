"""Figures and images, as files that a browser shows.

A figure of matplotlib has no format of its own that it could be read from, so a pickle of it is
kept beside the pictures, for a task that receives it.
"""

from __future__ import annotations

import sys
from io import BytesIO

from .refusal import Refused

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from .outbox import Outbox

_THUMBNAIL = 256  # pixels of the longer side
_LOSSLESS = ("1", "L", "LA", "P", "RGB", "RGBA", "I", "I;16")


def encode_matplotlib(value: Any, outbox: Outbox, place: str) -> dict[str, Any] | None:
    figures: Any = sys.modules.get("matplotlib.figure")
    if figures is None or not isinstance(value, figures.Figure):
        return None
    width, height = value.get_size_inches()
    dpi = _THUMBNAIL / max(width, height)

    def save(form: str, **options: Any) -> tuple[str, int]:
        buffer = BytesIO()
        # Without a date and the like: an equal figure is an equal file.
        metadata = {"Date": None} if form == "svg" else {"Software": None}
        with sys.modules["matplotlib"].rc_context({"svg.hashsalt": "taxiway"}):
            value.savefig(buffer, format=form, metadata=metadata, **options)
        return outbox.write(lambda file: file.write(buffer.getvalue()), place)

    png = save("png")
    others = {"svg": _part("image/svg+xml", save("svg"))}
    kept = _pickled(value, outbox, place)
    if kept is not None:
        others["pickle"] = _part("application/octet-stream", kept)
    summary = {
        "shape": [round(height * value.dpi), round(width * value.dpi)],
        "axes": len(value.axes),
        "thumbnail": _part("image/png", save("png", dpi=dpi)),
    }
    return outbox.reference("png", png, value, summary) | {"of": "matplotlib", "parts": others}


def _pickled(value: Any, outbox: Outbox, place: str) -> tuple[str, int] | None:
    from .pickles import pickle_to  # noqa: PLC0415

    try:
        return outbox.write(lambda file: pickle_to(file, value, place), place)
    except Refused:
        return None


def encode_plotly(value: Any, outbox: Outbox, place: str) -> dict[str, Any] | None:
    figures: Any = sys.modules.get("plotly.basedatatypes")
    if figures is None or not isinstance(value, figures.BaseFigure):
        return None
    text = value.to_json()
    page = value.to_html(include_plotlyjs=True, div_id="figure")
    html = outbox.write(lambda file: file.write(page.encode("utf-8")), place)
    source = outbox.write(lambda file: file.write(text.encode("utf-8")), place)
    parts = {"json": _part("application/json", source)}
    summary = {"traces": len(value.data), "title": _title(value)}
    return outbox.reference("html", html, value, summary) | {"of": "plotly", "parts": parts}


def _title(figure: Any) -> str | None:
    try:
        title = figure.layout.title.text
    except AttributeError:
        return None
    return None if title is None else str(title)[:200]


def encode_image(value: Any, outbox: Outbox, place: str) -> dict[str, Any] | None:
    images: Any = sys.modules.get("PIL.Image")
    if images is None or not isinstance(value, images.Image) or value.mode not in _LOSSLESS:
        return None
    written = outbox.write(lambda file: _save(value, file, compress_level=1), place)
    small = value.convert("RGBA" if value.mode in ("LA", "P", "RGBA") else "RGB")
    small.thumbnail((_THUMBNAIL, _THUMBNAIL))
    summary = {
        "shape": [value.height, value.width],
        "dtype": value.mode,
        "thumbnail": _part("image/png", outbox.write(lambda file: _save(small, file), place)),
    }
    return outbox.reference("png", written, value, summary) | {"of": "pillow"}


def _save(image: Any, file: Any, **options: Any) -> None:
    buffer = BytesIO()  # it goes back in what it writes
    image.save(buffer, "PNG", **options)
    file.write(buffer.getvalue())


def _part(media_type: str, written: tuple[str, int]) -> dict[str, Any]:
    return {"digest": written[0], "size": written[1], "media_type": media_type}


def decode(reference: dict[str, Any], fetch: Any) -> Any:
    """`fetch(digest, shown)` gives a path."""
    of, parts = reference["of"], reference.get("parts", {})
    try:
        if of == "pillow":
            from PIL import Image  # type: ignore[import-not-found,unused-ignore] # noqa: PLC0415

            with Image.open(fetch(reference["digest"])) as image:
                return image.copy()
        if of == "plotly":
            import plotly.io  # type: ignore[import-not-found,unused-ignore] # noqa: PLC0415

            with open(fetch(parts["json"]["digest"]), encoding="utf-8") as file:  # noqa: PTH123
                return plotly.io.from_json(file.read())
    except ImportError:
        raise Refused(
            "TaskFailed",
            "value-not-readable",
            f"The value is a {reference['type']}, and this environment has no {of}",
            f"Add {of} to requirements.txt and deploy.",
        ) from None
    if "pickle" in parts:
        from .pickles import unpickle  # noqa: PLC0415

        return unpickle(fetch(parts["pickle"]["digest"]), reference["type"])
    from pathlib import Path  # noqa: PLC0415

    return Path(fetch(reference["digest"], True))
