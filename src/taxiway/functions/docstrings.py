"""Docstrings as people write them: Google's style, numpy's, Sphinx's, or plain text."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from griffe import Docstring, DocstringSection, DocstringSectionKind, DocstringStyle

from taxiway.functions.model import Doc

_STYLES: tuple[tuple[DocstringStyle, re.Pattern[str]], ...] = (
    ("sphinx", re.compile(r"^[ \t]*:(param|parameter|arg|argument|key|keyword)[ \t]", re.M)),
    ("sphinx", re.compile(r"^[ \t]*:(returns?|rtype|raises?|type[ \t]+\w+):", re.M)),
    ("numpy", re.compile(r"^[ \t]*(Parameters|Returns|Attributes)[ \t]*\n[ \t]*---", re.M | re.I)),
    (
        "google",
        re.compile(
            r"^[ \t]*(Args|Arguments|Params|Parameters|Keyword Args|Keyword Arguments|Attributes"
            r"|Returns):[ \t]*$",
            re.M | re.I,
        ),
    ),
)
_NAMED = (
    DocstringSectionKind.parameters,
    DocstringSectionKind.other_parameters,
    DocstringSectionKind.attributes,
)


@dataclass(frozen=True)
class Description:
    """What a docstring says; `of` has its words on each parameter or attribute."""

    doc: Doc = field(default_factory=Doc)
    of: Mapping[str, str] = field(default_factory=dict)


def describe(docstring: Docstring | None) -> Description:
    if docstring is None or not docstring.value:
        return Description()
    text = docstring.value
    style = next((style for style, pattern in _STYLES if pattern.search(text)), None)
    options = {"warnings": False} if style else {}
    sections = docstring.parse(style, **options)
    named = {
        element.name.lstrip("*"): " ".join(element.description.split())
        for section in sections
        if section.kind in _NAMED
        for element in section.value
    }
    return Description(Doc(_summary(text, sections), text, _returns(sections)), named)


def _summary(text: str, sections: list[DocstringSection]) -> str:
    first = sections[0] if sections else None
    is_text = first is not None and first.kind is DocstringSectionKind.text
    lead = str(first.value) if first is not None and is_text else ("" if sections else text)
    return " ".join(lead.strip().split("\n\n")[0].split())


def _returns(sections: list[DocstringSection]) -> str:
    found = [section for section in sections if section.kind is DocstringSectionKind.returns]
    parts = [element.description for section in found for element in section.value]
    return " ".join(" ".join(parts).split())
