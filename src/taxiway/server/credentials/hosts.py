"""The host that something is for, as people write it: a name or an address, perhaps a port."""

from __future__ import annotations

import re

from taxiway.errors import Invalid
from taxiway.git.url import RepositoryUrl

_PORT = re.compile(r".*:(\d{1,5})", re.DOTALL)
_OPENSSH = re.compile(r"\[([^\[\]:]+)\](:\d{1,5})?")  # as known_hosts has a host with a port


def parse_host(text: str) -> tuple[str, int | None]:
    """The host in its one spelling, and the port where one is named; `Invalid` (`host-refused`)."""
    text = _OPENSSH.sub(r"\1\2", text) if _OPENSSH.fullmatch(text) else text
    bracketed = text.count(":") > 1 and not text.startswith("[")
    authority = f"[{text}]" if bracketed else text
    try:
        if re.search(r"[/@?#\s]", text):
            raise Invalid("host-refused", "")
        url = RepositoryUrl.parse(f"https://{authority}/x")
    except Invalid:
        raise Invalid(
            "host-refused",
            f"{text[:255]!r} is not the name of a host",
            hint="Give the name alone, like git.example.org, or with a port, like "
            "git.example.org:2222.",
        ) from None
    match = None if bracketed or authority.endswith("]") else _PORT.fullmatch(authority)
    return url.host, int(match[1]) if match else None
